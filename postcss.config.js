// Optimized in development too: the compiler's own CSS parser is too old for nesting.
export default { plugins: { "@tailwindcss/postcss": { optimize: true } } };
