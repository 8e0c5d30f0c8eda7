import { DecodeError } from '../shared/errors.js';
import { instantiate, type AppGlue, type Artefact, type CodecsGlue, type Source } from './wasm.js';

/** Reads pictures: with the app module, and formats other than PNG and JPEG with a module that is fetched when the first such file comes. */
export class Codecs {
  private readonly app: AppGlue;
  private readonly artefact: () => Promise<Artefact>;
  private module: Promise<CodecsGlue> | undefined;
  /** How often the module broke down. */
  private broken = 0;

  constructor(app: AppGlue, artefact: () => Promise<Artefact>) {
    this.app = app;
    this.artefact = artefact;
  }

  async read(file: Uint8Array): Promise<Source> {
    const { Source } = this.app;
    if (!Source.needsCodecs(file)) return Source.decode(file);
    const codecs = await this.fetched();
    let decoded: Uint8Array;
    try {
      decoded = codecs.decodeFile(file);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      // After a trap the instance is not to be trusted with the next file.
      this.module = undefined;
      this.broken += 1;
      throw new DecodeError('The file is damaged, or of a kind that its decoder was not made for.', 'Save it anew from an image editor.', error);
    }
    return Source.decoded(decoded);
  }

  /** The module. A failed download is not remembered: the next file tries again. */
  private fetched(): Promise<CodecsGlue> {
    this.module ??= this.artefact().then(({ glue, module }) => instantiate<CodecsGlue>({ glue: this.broken > 0 ? `${glue}#${this.broken}` : glue, module }));
    const codecs = this.module;
    codecs.catch(() => {
      if (this.module === codecs) this.module = undefined;
    });
    return codecs;
  }
}
