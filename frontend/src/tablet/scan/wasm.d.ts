declare module "*.wasm?url" {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: this is how Vite hands over an address
  export default url;
}
