import { splitDID } from '../did';

// What Python itself needs, and what a notebook would miss if a variable hid it.
const TAKEN = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from ' +
    'global if import in is lambda nonlocal not or pass raise return try while with yield match case type ' +
    'abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex ' +
    'copyright credits delattr dict dir display divmod enumerate eval exec exit filter float format frozenset ' +
    'get_ipython getattr globals hasattr hash help hex id input int isinstance issubclass iter len license list ' +
    'locals map max memoryview min next object oct open ord pow print property quit range repr reversed round set ' +
    'setattr slice sorted staticmethod str sum super tuple vars zip dlaas In Out'
  ).split(' ')
);

/**
 * What is wrong with a variable's name, if anything is.
 */
export type NameFault = 'missing' | 'form' | 'taken' | 'used';

/**
 * Check a name against Python's grammar, its own names, and those that the notebook uses already.
 */
export function checkName(
  name: string,
  used: Iterable<string>
): NameFault | null {
  if (!name) {
    return 'missing';
  }
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) {
    return 'form';
  }
  if (TAKEN.has(name) || /^__.*__$/.test(name)) {
    return 'taken';
  }
  return [...used].includes(name) ? 'used' : null;
}

/**
 * A name for a DID that Python accepts and the notebook does not use yet.
 */
export function suggestName(did: string, used: Iterable<string>): string {
  const { name } = splitDID(did);
  const last = name.split('/').filter(Boolean).pop() ?? '';
  const stem = last.replace(/(\.[A-Za-z]\w{0,7}){1,2}$/, '') || last;
  let base = stem
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/_{2,}/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40)
    .replace(/_+$/, '');
  if (!base || /^\d/.test(base)) {
    base = `data_${base}`.replace(/_$/, '');
  }
  let name_ = base;
  for (let n = 2; checkName(name_, used) !== null; n += 1) {
    name_ = `${base}_${n}`;
  }
  return name_;
}
