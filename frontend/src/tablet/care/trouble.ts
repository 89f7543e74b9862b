/** Say why something could not be kept on this tablet. */
export function kept(error: Error): string {
  return error.name === "QuotaExceededError"
    ? "There is no room left on this tablet, so this was not kept. Make room, then try again: what was kept before is still here."
    : `This was not kept on this tablet: ${error.message}`;
}
