/**
 * A condition on metadata, as a chip shows it.
 */
export interface IFilter {
  key: string;
  operator: string;
  value: string;
}

/**
 * What the server compares by.
 */
export const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', 'like'];

/**
 * Conditions that all must hold, as the server reads them.
 */
export function toWhere(filters: readonly IFilter[]): string {
  return filters
    .map(({ key, operator, value }) =>
      [quoted(key), operator, quoted(value)].join(' ')
    )
    .join(' and ');
}

/**
 * A condition as people read it.
 */
export function filterText({ key, operator, value }: IFilter): string {
  return `${key} ${operator} ${value}`;
}

/**
 * Numbers, dates and single words stand as they are: the server knows what they are. What is quoted already is meant as a text.
 */
function quoted(text: string): string {
  const trimmed = text.trim();
  if (
    /^(["']).*\1$/.test(trimmed) ||
    (/^[\w.:*/+-]+$/.test(trimmed) && !/^(and|or|like)$/i.test(trimmed))
  ) {
    return trimmed;
  }
  const mark = trimmed.includes('"') ? "'" : '"';
  return mark + trimmed + mark;
}
