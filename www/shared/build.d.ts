/** The workspace version of Cargo.toml, put in by the bundler. */
declare const __INLARGE_VERSION__: string;
