import { hasWildcard, toPattern } from './did';

/**
 * A text that is a DID or a reference, without its quotes; null for any other.
 */
export function didIn(text: string): string | null {
  const bare = text.trim().replace(/^[rbuf]?["'`]|["'`,;]+$/g, '');
  const { pattern } = toPattern(bare);
  return /^[\w.-]+:[^\s:"'`(){}[\]<>,;=]+$/.test(pattern) &&
    !hasWildcard(pattern) &&
    !/^(?!rucio:)\w+:\/\//.test(bare)
    ? bare
    : null;
}
