const DAY = 86400;
const LONGEST = 100 * 365;

/**
 * How long data is to be kept, as a person enters it.
 */
export interface ILifetime {
  kind: 'preset' | 'days' | 'date' | 'endless';
  /**
   * The chosen preset (seconds).
   */
  preset: number;
  /**
   * What stands in the field for days.
   */
  days: string;
  /**
   * What stands in the date field, a local date YYYY-MM-DD.
   */
  date: string;
}

/**
 * What a lifetime means: one of `lifetime` (seconds) and `until` (ISO 8601), its end, or what is wrong with it.
 */
export interface IMeaning {
  lifetime?: number;
  until?: string;
  end: Date | null;
  wrong: 'missing' | 'number' | 'zero' | 'long' | 'past' | null;
}

/**
 * The usual lifetimes (seconds), with the instance's own among them.
 */
export function presets(usual: number | null): number[] {
  const all = new Set([1, 7, 14, 30].map(days => days * DAY));
  if (usual) {
    all.add(usual);
  }
  return [...all].sort((a, b) => a - b);
}

/**
 * Read what was entered; a date means its end, here.
 */
export function meaning(entered: ILifetime, now = new Date()): IMeaning {
  switch (entered.kind) {
    case 'endless':
      return { end: null, wrong: null };
    case 'preset':
      return lasting(entered.preset, now);
    case 'days': {
      const days = Number(entered.days.replace(',', '.'));
      if (entered.days.trim() === '') {
        return { end: null, wrong: 'missing' };
      }
      if (!Number.isFinite(days)) {
        return { end: null, wrong: 'number' };
      }
      if (days <= 0) {
        return { end: null, wrong: 'zero' };
      }
      return days > LONGEST
        ? { end: null, wrong: 'long' }
        : lasting(Math.max(Math.round(days * DAY), 1), now);
    }
    case 'date': {
      const end = new Date(`${entered.date}T23:59:59`);
      if (Number.isNaN(end.getTime())) {
        return { end: null, wrong: 'missing' };
      }
      if (end <= now) {
        return { end: null, wrong: 'past' };
      }
      return end.getTime() - now.getTime() > LONGEST * DAY * 1000
        ? { end: null, wrong: 'long' }
        : { until: `${end.toISOString().slice(0, 19)}Z`, end, wrong: null };
    }
  }
}

function lasting(lifetime: number, now: Date): IMeaning {
  const end = new Date(now.getTime() + lifetime * 1000);
  return { lifetime, end, wrong: null };
}

/**
 * A date as a date field writes it, in local time.
 */
export function localDate(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
