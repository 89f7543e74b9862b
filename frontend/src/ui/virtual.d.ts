declare module "virtual:antd.css";

// The address of a worker that Vite builds.
declare module "*?worker&url" {
  const address: string;
  // biome-ignore lint/style/noDefaultExport: that is how Vite gives it
  export default address;
}
