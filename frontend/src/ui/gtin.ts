/** Return the last digit that a GTIN with these other digits has (GS1, section 7.9). */
export function checkDigit(digits: string): number {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    sum += Number(digit) * (place % 2 ? 1 : 3);
  });
  return (10 - (sum % 10)) % 10;
}

/** Say what is wrong with a GTIN-8, -12, -13 or -14, in the server's words; null if nothing is. */
export function gtinFault(text: string): string | null {
  if (!/^[0-9]+$/.test(text) || ![8, 12, 13, 14].includes(text.length)) {
    return "A GTIN has 8, 12, 13 or 14 digits.";
  }
  if (/^0+$/.test(text)) {
    return "A GTIN is not all zeros.";
  }
  const expected = checkDigit(text.slice(0, -1));
  return text.endsWith(String(expected))
    ? null
    : `The last digit of this GTIN should be ${expected}: look for a typing error.`;
}
