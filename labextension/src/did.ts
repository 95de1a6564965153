import type { Entry, InstanceInfo } from './schema';

/**
 * A DID on an instance: what is shown, made available or attached.
 */
export interface IItem {
  instance: string;
  did: string;
  type: Entry['type'];
}

/**
 * The scope and the name of a DID; a name may hold colons itself.
 */
export function splitDID(did: string): { scope: string; name: string } {
  const colon = did.indexOf(':');
  return {
    scope: did.slice(0, Math.max(colon, 0)),
    name: did.slice(colon + 1)
  };
}

/**
 * What a person typed or pasted, as a pattern: `rucio://[instance@]scope/name` and `instance@scope:name` become `scope:name`.
 */
export function toPattern(text: string): {
  pattern: string;
  instance: string | null;
} {
  const trimmed = text.trim().replace(/^["']|["'],?$/g, '');
  const match =
    /^(?:rucio:\/\/)?(?:([^\s@/:*]+)@)?([^@/:\s]*)([/:])(.*)$/s.exec(trimmed);
  const isURL = trimmed.startsWith('rucio://');
  if (!match || (match[3] === '/' && !isURL)) {
    return { pattern: trimmed, instance: null };
  }
  return { pattern: `${match[2]}:${match[4]}`, instance: match[1] ?? null };
}

/**
 * Whether a pattern stands for more than one name.
 */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*');
}

/**
 * A DID as `dlaas.did()` takes it; the default instance needs no name.
 */
export function reference(did: string, instance: string | null): string {
  return instance ? `${instance}@${did}` : did;
}

/**
 * A DID as `rucio://` reference, which fsspec opens and a colleague's server finds.
 */
export function referenceURL(did: string, instance: string | null): string {
  const prefix = instance ? `${encodeURIComponent(instance)}@` : '';
  return `rucio://${prefix}${did.replace(':', '/')}`;
}

/**
 * Whether a DID is not public yet: its scope matches one of the instance's patterns.
 */
export function isEmbargoed(
  instance: InstanceInfo | null,
  did: string
): boolean {
  const { scope } = splitDID(did);
  return (instance?.embargoed_scopes ?? []).some(pattern =>
    new RegExp(
      `^${pattern
        .replace(/[^\w*?]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`
    ).test(scope)
  );
}
