/** Minifies files where they stand: what is generated, and nobody reads. */
export {};
