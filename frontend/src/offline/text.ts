// How codes and words are compared.
export function words(text: string): string[] {
  return folded(text).split(/\s+/).filter(Boolean);
}

export function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
}

export function isGtin(text: string): boolean {
  return /^(\d{8}|\d{12,14})$/.test(text.trim());
}

export function padded(gtin: string): string {
  return gtin.trim().padStart(14, "0");
}
