/** The workspace version of Cargo.toml, put in by the bundler. */
declare const __INLARGE_VERSION__: string;
/** What the app module says is usual, put in by the bundler. */
declare const __INLARGE_USUAL__: import('../wasm/app/inlarge.js').Usual;
/** SHA-256 of each wasm package's module, by the package's name. */
declare const __INLARGE_MODULES__: Readonly<Record<string, string>>;
