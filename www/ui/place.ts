/** Where the page's files lie. */
export const assetBase = new URL('./', document.baseURI);
