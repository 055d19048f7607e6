// The page as the API serves it: at `/`, everything else in `assets/` under names that change with their content.
export default {
  base: "/",
  build: {
    // Where the Python side looks; the sources may have been copied elsewhere to be built.
    outDir: process.env.RURBAN_PAGE_OUT ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
};
