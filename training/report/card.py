"""Sections of a model card that are written from the manifest, between `<!-- name -->` and `<!-- /name -->`."""

import re

TEST_SETS = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100"}


def score_table(models: list[dict], bicubic: dict[int, dict]) -> str:
    """Markdown table of PSNR and SSIM; `bicubic` holds the published baseline's scores by scale."""
    lines = ["| | " + " | ".join(TEST_SETS.values()) + " |", "|---|" + "---|" * len(TEST_SETS)]
    rows = [(f"bicubic x{scale}", scores) for scale, scores in sorted(bicubic.items())]
    rows += [(f"`{model['file']}`", model["scores"]) for model in models if model["scores"]]
    for title, scores in rows:
        cells = (f"{scores[key]['psnr_y']:.2f} / {scores[key]['ssim_y']:.4f}" for key in TEST_SETS)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def credit_list(models: list[dict]) -> str:
    """One item for each source of any of the models."""
    return "\n".join(f"- {line}" for line in sorted({line for model in models for line in model["data"]}))


def fill(card: str, section: str, text: str) -> str:
    """`card` with its section replaced; a ValueError when the section's two markers are missing."""
    pattern = re.compile(rf"(<!-- {section} -->\n).*?(<!-- /{section} -->)", re.DOTALL)
    filled, count = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", card)
    if count != 1:
        raise ValueError(f"the card has {count} sections `{section}`: it needs one `<!-- {section} -->` pair")
    return filled
