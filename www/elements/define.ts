/** Registers an element unless the name is taken: two copies of the script on one page must both work. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
