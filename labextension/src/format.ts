import type { TranslationBundle } from '@jupyterlab/translation';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const DAY = 86400;
const YEAR = 365.25 * DAY;

/**
 * Bytes with three digits and a decimal unit, as Rucio shows them.
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  // The figure and its unit stay on one line.
  const figure = value.toLocaleString(undefined, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits
  });
  return `${figure}\u00a0${UNITS[unit]}`;
}

/**
 * A count with separators.
 */
export function formatCount(count: number): string {
  return count.toLocaleString();
}

/**
 * A time as people here say it: date, hour and minute.
 */
export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit'
  });
}

/**
 * A date as people here say it.
 */
export function formatDay(iso: string): string {
  return new Date(iso).toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    year: 'numeric'
  });
}

/**
 * A time that has passed: of today the hour, else the date as well.
 */
export function formatMoment(iso: string, now = new Date()): string {
  const moment = new Date(iso);
  if (moment.toDateString() !== now.toDateString()) {
    return formatTime(iso);
  }
  const time = moment.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit'
  });
  // "01:13 AM" stays on one line.
  return time.replace(/\s/g, '\u00a0');
}

/**
 * A time that lies days ahead as a date; nearer ones to the minute.
 */
export function formatEnd(iso: string, now: number = Date.now()): string {
  const end = new Date(iso);
  return end.getTime() - now < 2 * DAY * 1000
    ? formatTime(iso)
    : formatDay(iso);
}

/**
 * The same time in UTC, as Rucio keeps it.
 */
export function formatUTC(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * How long from now, in the largest unit that is honest.
 */
export function formatRemaining(
  iso: string,
  trans: TranslationBundle,
  now: number = Date.now()
): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (seconds <= 0) {
    return trans.__('expired');
  }
  if (seconds < 90) {
    return trans.__('about a minute left');
  }
  if (seconds < 5400) {
    const minutes = Math.round(seconds / 60);
    return trans._n('%1 minute left', '%1 minutes left', minutes);
  }
  if (seconds < 2 * DAY) {
    const hours = Math.round(seconds / 3600);
    return trans._n('%1 hour left', '%1 hours left', hours);
  }
  if (seconds > 2 * YEAR) {
    return trans.__('%1 years left', Math.round(seconds / YEAR));
  }
  const days = Math.round(seconds / DAY);
  return trans._n('%1 day left', '%1 days left', days);
}

/**
 * A lifetime in words.
 */
export function formatLifetime(
  seconds: number,
  trans: TranslationBundle
): string {
  if (seconds % DAY === 0) {
    const days = seconds / DAY;
    return trans._n('%1 day', '%1 days', days);
  }
  if (seconds < 3600) {
    const minutes = Math.max(Math.round(seconds / 60), 1);
    return trans._n('%1 minute', '%1 minutes', minutes);
  }
  const hours = Math.round(seconds / 360) / 10;
  return trans._n('%1 hour', '%1 hours', hours);
}
