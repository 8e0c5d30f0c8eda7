/** Takes pictures that are dropped anywhere on the page or pasted. The returned function stops that. */
export function takeIn(onFiles: (files: File[]) => void, onHover: (hovering: boolean) => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let depth = 0;
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragenter', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth += 1;
    onHover(true);
  }, { signal });
  addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  }, { signal });
  addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) onHover(false);
  }, { signal });
  addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    onHover(false);
    onFiles([...(event.dataTransfer?.files ?? [])]);
  }, { signal });
  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  }, { signal });
  return () => stop.abort();
}
