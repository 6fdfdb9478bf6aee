/**
 * The argument for Node under which services start as their development build, which takes simulated evidence where its
 * root is named. Without it they start as in production: docs/adr/0022-two-builds.md.
 */
export const developmentBuild = "--conditions=cloister-development";
