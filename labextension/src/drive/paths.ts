/**
 * So many rows a folder shows; the rest is in folders of its own.
 */
const MORE = '…';

/**
 * A place in the drive: the root, a scope, or a DID, and from which row on.
 */
export interface IPlace {
  scope: string;
  name: string;
  offset: number;
}

/**
 * A path of the drive: `scope/name`, where a name's own slashes and colons are written as %2F and %3A, and `…500` for
 * the rows from there on.
 */
export function placeOf(path: string): IPlace {
  const parts = path.split('/').filter(Boolean);
  const last = parts[parts.length - 1] ?? '';
  const offset = last.startsWith(MORE) ? Number(last.slice(1)) || 0 : 0;
  const [scope = '', name = ''] = offset ? parts.slice(0, -1) : parts;
  return { scope, name: decode(name), offset };
}

/**
 * The path of a DID.
 */
export function pathOf(did: string): string {
  const colon = did.indexOf(':');
  return `${did.slice(0, colon)}/${encode(did.slice(colon + 1))}`;
}

/**
 * The path of the rest of a folder.
 */
export function restOf({ name, scope }: IPlace, offset: number): string {
  return [scope, encode(name), `${MORE}${offset}`].filter(Boolean).join('/');
}

function encode(name: string): string {
  return name.replace(/[%/:]/g, encodeURIComponent);
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
