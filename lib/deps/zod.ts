/** zod's small build, by its full specifier: mod.ts must work from folders that have no configuration. @module */
export * from "npm:zod@4.6.7/mini";
