import { toPattern } from '../did';

/**
 * One name or pattern as it was typed or pasted.
 */
export type ITyped = ReturnType<typeof toPattern> & { text: string };

const BETWEEN = /[\s,;'"[\](){}]+/;

/**
 * What a person typed: one name or pattern, or a list of them in lines, with commas or spaces, also as Python writes one.
 */
export function toPatterns(text: string): ITyped[] {
  const parts = [...new Set(text.split(BETWEEN))].filter(Boolean);
  // A name may have been typed with spaces; what stands among several is told as what it is.
  const named = parts.filter(part => part.includes(':')).length;
  const isList = named > 1 || named === parts.length;
  return (isList ? parts : [text.trim()])
    .filter(Boolean)
    .map(part => ({ ...toPattern(part), text: part }));
}

/**
 * The word at the end, which is completed, and what stands before it.
 */
export function lastWord(text: string): { before: string; word: string } {
  const word = /[^\s,;'"[\](){}]*$/.exec(text)![0];
  return { before: text.slice(0, text.length - word.length), word };
}
