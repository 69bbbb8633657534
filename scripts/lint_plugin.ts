/**
 * The project's own lint rules. Each message says why; a rule that can't be followed is a reason
 * to talk about the design, not to ignore the line.
 *
 * @module
 */

/** Where a file lies, from its absolute path. */
interface Place {
  /** First folder below the project's root, empty for files in the root itself. */
  readonly area: string;
  readonly isTest: boolean;
}

const ROOT = new URL("..", import.meta.url).pathname;

function placeOf(filename: string): Place {
  const path = filename.startsWith(ROOT)
    ? filename.slice(ROOT.length)
    : filename.replace(/^\/+/, "");
  const parts = path.split("/");
  return {
    area: parts.length > 1 ? parts[0] ?? "" : "",
    isTest: path.endsWith("_test.ts"),
  };
}

/** The name of a member expression's property: `a.b` and `a["b"]` alike. */
function propertyName(node: Deno.lint.MemberExpression): string | undefined {
  const { property } = node;
  if (!node.computed && property.type === "Identifier") return property.name;
  if (property.type === "Literal" && typeof property.value === "string") {
    return property.value;
  }
  return undefined;
}

const fencedFfi: Deno.lint.Rule = {
  create(context) {
    if (placeOf(context.filename).area === "ffi") return {};
    const message =
      "Pointers stay inside ffi/: elsewhere nobody checks who owns the memory. Add a wrapper there and call it.";
    return {
      MemberExpression(node) {
        const { object } = node;
        if (object.type !== "Identifier" || object.name !== "Deno") return;
        const name = propertyName(node);
        if (name === "dlopen" || name?.startsWith("Unsafe")) {
          context.report({ node, message });
        }
      },
      VariableDeclarator(node) {
        if (node.id.type !== "ObjectPattern") return;
        if (node.init?.type !== "Identifier" || node.init.name !== "Deno") {
          return;
        }
        context.report({
          node,
          message: "Write Deno.x in full, so that the fence of ffi/ can see it",
        });
      },
    };
  },
};

const noConsole: Deno.lint.Rule = {
  create(context) {
    const { area, isTest } = placeOf(context.filename);
    const isEntry = context.filename === `${ROOT}main.ts`;
    const mayPrint = ["samples", "scripts", "tests"].includes(area);
    if (isEntry || isTest || mayPrint) return {};
    return {
      MemberExpression(node) {
        const { object } = node;
        if (object.type !== "Identifier" || object.name !== "console") return;
        context.report({
          node,
          message:
            "A library doesn't print: return the text, or log through the logger it was given. Only main.ts, samples/, scripts/ and tests print.",
        });
      },
    };
  },
};

const noPrivateKeyword: Deno.lint.Rule = {
  create(context) {
    const message =
      "`private` vanishes at run time; #name is kept from everybody, JavaScript callers included";
    function check(
      node: Deno.lint.PropertyDefinition | Deno.lint.MethodDefinition,
    ): void {
      if (node.accessibility === "private") context.report({ node, message });
    }
    return {
      PropertyDefinition: check,
      MethodDefinition: check,
      // the tree that Deno 2.9 gives to plugins lacks the accessibility of parameter properties
      TSParameterProperty(node: Deno.lint.TSParameterProperty) {
        const text = context.sourceCode.text.slice(...node.range);
        if (/^(@\S+\s+)*private\b/.test(text)) {
          context.report({ range: node.range, message });
        }
      },
    };
  },
};

/** Module specifiers of a file: static and dynamic imports, and re-exports. */
function onSpecifier(
  check: (node: Deno.lint.Node, specifier: string) => void,
): Deno.lint.LintVisitor {
  function look(node: Deno.lint.Node, source: Deno.lint.Node | null): void {
    if (source?.type !== "Literal" || typeof source.value !== "string") return;
    check(node, source.value);
  }
  return {
    ImportDeclaration: (node) => look(node, node.source),
    ImportExpression: (node) => look(node, node.source),
    ExportAllDeclaration: (node) => look(node, node.source),
    ExportNamedDeclaration: (node) => look(node, node.source),
  };
}

const noNode: Deno.lint.Rule = {
  create(context) {
    return {
      ...onSpecifier((node, specifier) => {
        if (!specifier.startsWith("node:")) return;
        context.report({
          node,
          message:
            "A node: module loads Node's polyfills, 12 ms at every start; use Deno's own API",
        });
      }),
      // the bare global is the business of the built-in rule no-process-global, which knows scopes
      MemberExpression(node) {
        const { object } = node;
        if (object.type !== "Identifier" || object.name !== "globalThis") {
          return;
        }
        if (propertyName(node) !== "process") return;
        context.report({
          node,
          message:
            "Touching the global `process` loads Node's polyfills, 12 ms at every start; use Deno's own API",
        });
      },
    };
  },
};

const noBareImports: Deno.lint.Rule = {
  create(context) {
    const { area } = placeOf(context.filename);
    const inDeps = /\/lib\/deps\//.test(context.filename);
    return onSpecifier((node, specifier) => {
      if (/^\.{0,2}\//.test(specifier) || specifier.startsWith("node:")) return;
      if (/^(file|data|blob):/.test(specifier) && area !== "lib") return;
      if (inDeps && specifier.startsWith("npm:")) return;
      context.report({
        node,
        message:
          "Third-party modules come only through lib/deps/*.ts, by full npm: specifier: mod.ts must work from folders without our deno.json",
      });
    });
  },
};

const noMutableExport: Deno.lint.Rule = {
  create(context) {
    return {
      "ExportNamedDeclaration > VariableDeclaration"(
        node: Deno.lint.VariableDeclaration,
      ) {
        if (node.kind === "const") return;
        context.report({
          node,
          message:
            "Export a function that gives the value: in the built executable an importer sees an exported variable's first value only",
        });
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "fenced-ffi": fencedFfi,
    "no-bare-imports": noBareImports,
    "no-console": noConsole,
    "no-mutable-export": noMutableExport,
    "no-node": noNode,
    "no-private-keyword": noPrivateKeyword,
  },
};

export default plugin;
