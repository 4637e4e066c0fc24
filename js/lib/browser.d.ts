/** The policy in a browser. What imports it waits until the module is there, and then calls it as it likes. */
export * from './policy.js';
