/** Hand a file to the person. */
export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The download has its own hold of the content by then.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
