import { nullTranslator } from '@jupyterlab/translation';

import { hasWildcard, reference, splitDID, toPattern } from '../did';
import { formatBytes, formatLifetime, formatRemaining } from '../format';
import type { ILifetime } from '../lifetime';
import { meaning, presets } from '../lifetime';
import { checkName, suggestName } from '../notebook/names';
import { explain, ownProblem } from '../problems';

const trans = nullTranslator.load('jupyter_dlaas');
const DAY = 86400;

describe('DIDs', () => {
  it.each([
    ['s:n', 's:n', null],
    ['  s:n*  ', 's:n*', null],
    ['rucio://s/n', 's:n', null],
    ['rucio://lake@s/dir/n:1', 's:dir/n:1', 'lake'],
    ['rucio://s//store/n', 's:/store/n', null],
    ['lake@s:n', 's:n', 'lake'],
    ['"s:n",', 's:n', null],
    ['s/n', 's/n', null],
    ['s', 's', null]
  ])('reads %s', (text, pattern, instance) => {
    expect(toPattern(text)).toEqual({ pattern, instance });
  });

  it('splits at the first colon only', () => {
    expect(splitDID('CMS:/a:b')).toEqual({ scope: 'CMS', name: '/a:b' });
  });

  it('names an instance only where it must', () => {
    expect(reference('s:n', null)).toBe('s:n');
    expect(reference('s:n', 'other')).toBe('other@s:n');
    expect(hasWildcard('s:n*')).toBe(true);
  });
});

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_999, '1.00 MB'],
    [8_290_000, '8.29 MB'],
    [65_000_000_000, '65.0 GB'],
    [125e12, '125 TB']
  ])('shows %s bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text.replace(' ', '\u00a0'));
  });

  it.each([
    [-1, 'expired'],
    [60, 'about a minute left'],
    [3600, '60 minutes left'],
    [36 * 3600, '36 hours left'],
    [14 * DAY, '14 days left'],
    [3650 * DAY, '10 years left']
  ])('says how long %s seconds are', (seconds, text) => {
    const now = Date.UTC(2026, 0, 1);
    const end = new Date(now + seconds * 1000).toISOString();
    expect(formatRemaining(end, trans, now)).toBe(text);
  });

  it('says a lifetime in days or hours', () => {
    expect(formatLifetime(DAY, trans)).toBe('1 day');
    expect(formatLifetime(14 * DAY, trans)).toBe('14 days');
    expect(formatLifetime(12 * 3600, trans)).toBe('12 hours');
  });
});

describe('lifetimes', () => {
  const now = new Date(2026, 10, 20, 12, 0, 0);
  const entered = (more: Partial<ILifetime>): ILifetime => ({
    kind: 'preset',
    preset: 7 * DAY,
    days: '',
    date: '',
    ...more
  });

  it('offers what is usual at the instance', () => {
    expect(presets(3 * DAY).map(each => each / DAY)).toEqual([1, 3, 7, 14, 30]);
    expect(presets(7 * DAY)).toHaveLength(4);
  });

  it('means a number of seconds', () => {
    expect(meaning(entered({}), now).lifetime).toBe(7 * DAY);
    const half = meaning(entered({ kind: 'days', days: '0,5' }), now);
    expect(half.lifetime).toBe(DAY / 2);
  });

  it('means the end of a date, here', () => {
    const { end, until, lifetime } = meaning(
      entered({ kind: 'date', date: '2026-11-20' }),
      now
    );
    expect(end).toEqual(new Date(2026, 10, 20, 23, 59, 59));
    expect(new Date(until!)).toEqual(end);
    expect(lifetime).toBeUndefined();
  });

  it.each([
    [{ kind: 'days', days: '0' }, 'zero'],
    [{ kind: 'days', days: '-3' }, 'zero'],
    [{ kind: 'days', days: 'soon' }, 'number'],
    [{ kind: 'days', days: '' }, 'missing'],
    [{ kind: 'days', days: '99999999' }, 'long'],
    [{ kind: 'date', date: '2026-11-19' }, 'past'],
    [{ kind: 'date', date: '9999-01-01' }, 'long'],
    [{ kind: 'date', date: '' }, 'missing']
  ])('refuses %j as %s', (more, wrong) => {
    expect(meaning(entered(more as Partial<ILifetime>), now).wrong).toBe(wrong);
  });

  it('may be without end', () => {
    expect(meaning(entered({ kind: 'endless' }), now)).toEqual({
      end: null,
      wrong: null
    });
  });
});

describe('names of variables', () => {
  it.each([
    ['ATLAS_OD_EDU:GamGam_data', 'GamGam_data'],
    ['s:mc_343981.ggH125_gamgam.GamGam.root', 'mc_343981_ggH125_gamgam'],
    ['CMS:/store/data/Run2012B.root', 'Run2012B'],
    ['s:2020_13TeV', 'data_2020_13TeV'],
    ['s:print', 'print_2'],
    ['s:class', 'class_2'],
    ['s:---', 'data'],
    ['s:histos.tar.gz', 'histos']
  ])('suggests for %s the name %s', (did, name) => {
    expect(suggestName(did, [])).toBe(name);
    expect(checkName(name, [])).toBeNull();
  });

  it('suggests no name that is used', () => {
    expect(suggestName('s:a', ['a', 'a_2'])).toBe('a_3');
  });

  it.each([
    ['', 'missing'],
    ['2x', 'form'],
    ['a b', 'form'],
    ['a-b', 'form'],
    ['lambda', 'taken'],
    ['open', 'taken'],
    ['__name__', 'taken'],
    ['x', 'used']
  ])('refuses %j as %s', (name, fault) => {
    expect(checkName(name, ['x'])).toBe(fault);
  });
});

describe('problems', () => {
  it('says what happened, whose fault it is and what to do', () => {
    const problem = {
      error: 'InsufficientAccountLimit',
      message: '3 GB are wanted, 1 GB is left.',
      blame: 'you' as const,
      remedy: 'Release rules.',
      details: {}
    };
    expect(explain(problem, trans)).toEqual({
      title: 'Your quota does not suffice',
      message: '3 GB are wanted, 1 GB is left.',
      remedy: 'Release rules.',
      fault: 'Your input'
    });
  });

  it('has a title for an error that it has never heard of', () => {
    const words = explain(
      { error: 'Neu', message: 'm', blame: 'rucio', remedy: '', details: {} },
      trans
    );
    expect(words.title).toBe('Something went wrong');
    expect(words.fault).toBe('Rucio');
  });

  it('gives advice for the panel where the server gives some for Python', () => {
    const words = explain(
      {
        error: 'DuplicateRule',
        message: 'm',
        blame: 'you',
        remedy: 'make_available(…, extend=True)',
        details: {}
      },
      trans
    );
    expect(words.remedy).not.toContain('make_available');
  });

  it('names the language of a kernel that is no Python', () => {
    const problem = ownProblem('OtherLanguage', 'you', { language: 'julia' });
    expect(explain(problem, trans).message).toContain('julia');
  });
});
