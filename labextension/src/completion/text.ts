/**
 * What stands in a string before the cursor, if it may be the beginning of a DID: `scope:…` or `rucio://…`.
 */
export function beginning(line: string): string | null {
  const text = openString(line);
  // Other URLs and drives of Windows have a colon as well.
  return text !== null &&
    /^(rucio:\/\/[^\s/*{}]*(\/[^\s*{}]*)?|([^\s/@:*{}]+@)?[\w.-]+:(?!\/\/|\\)[^\s*{}]*)$/.test(
      text
    )
    ? text
    : null;
}

/**
 * The instance that is named before an `@`.
 */
export function namedInstance(text: string): string | null {
  return /^(?:rucio:\/\/)?([^@/:]+)@/.exec(text)?.[1] ?? null;
}

/**
 * What a line holds of the string in which it ends; null where it ends in none.
 */
function openString(line: string): string | null {
  let quote = '';
  let from = 0;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at];
    if (!quote && sign === '#') {
      return null;
    }
    if (quote && sign === '\\') {
      at += 1;
    } else if (quote ? sign === quote : /["']/.test(sign)) {
      quote = quote ? '' : sign;
      from = at + 1;
    }
  }
  return quote ? line.slice(from) : null;
}
