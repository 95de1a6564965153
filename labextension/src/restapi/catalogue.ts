import type { Rows, Settings } from '../request';
import { get, rows, send } from '../request';
import type {
  Copies,
  Entry,
  LookUpRequest,
  Metadata,
  MetadataRequest,
  Sought,
  Status
} from '../schema';
import { all, quiet } from './common';

/**
 * The most rows that the server lists at once.
 */
export const MOST_ROWS = 100_000;

/**
 * The most names that the server looks up at once.
 */
export const MOST_NAMES = 1000;

/**
 * Which DIDs a search is for.
 */
export interface ISearch {
  pattern: string;
  type: 'all' | 'collection' | 'container' | 'dataset' | 'file';
  limit: number;
  /**
   * Conditions on metadata, as people write them.
   */
  where?: string;
}

/**
 * Which part of a collection's contents is wanted.
 */
export interface IContents {
  did: string;
  limit: number;
  offset: number;
}

export function searchDIDs(
  settings: Settings,
  instance: string,
  search: ISearch,
  signal: AbortSignal
): Rows {
  return rows(settings, [instance, 'dids'], { ...search }, signal);
}

/**
 * What became of each of a list of names and patterns, in their order.
 */
export function lookUp(
  settings: Settings,
  instance: string,
  request: LookUpRequest,
  signal: AbortSignal
): Rows<Sought> {
  return rows(settings, [instance, 'lookup'], {}, signal, request);
}

export function listContents(
  settings: Settings,
  instance: string,
  contents: IContents,
  signal: AbortSignal
): Rows {
  return rows(settings, [instance, 'contents'], { ...contents }, signal);
}

export function getMetadata(
  settings: Settings,
  instance: string,
  did: string,
  signal?: AbortSignal
): Promise<Metadata> {
  return get(settings, [instance, 'metadata'], { did }, signal);
}

/**
 * Set metadata; a value that is null is taken away.
 */
export function setMetadata(
  settings: Settings,
  instance: string,
  request: MetadataRequest
): Promise<Metadata> {
  return send(settings, 'PATCH', [instance, 'metadata'], request);
}

/**
 * The copies of a DID, by RSE.
 */
export function listCopies(
  settings: Settings,
  instance: string,
  did: string,
  signal: AbortSignal
): Promise<Copies[]> {
  return all(rows(settings, [instance, 'replicas'], { did }, signal));
}

/**
 * The local paths of those files of a DID that are here.
 */
export function listPaths(
  settings: Settings,
  instance: string,
  did: string
): Promise<string[]> {
  const { signal } = new AbortController();
  return all(rows(settings, [instance, 'paths'], { did }, signal));
}

/**
 * What holds a DID, the nearest first.
 */
export function listParents(
  settings: Settings,
  instance: string,
  did: string,
  signal: AbortSignal
): Promise<Entry[]> {
  return all(rows(settings, [instance, 'parents'], { did }, signal));
}

/**
 * Ask how much of a DID is here.
 */
export function getStatus(
  settings: Settings,
  instance: string,
  did: string,
  isQuiet = false
): Promise<Status> {
  return get(settings, [instance, 'status'], { did, ...quiet(isQuiet) });
}

/**
 * Scopes (`scope:`) or DIDs that begin so.
 */
export function complete(
  settings: Settings,
  instance: string,
  text: string,
  limit: number,
  signal?: AbortSignal
): Promise<string[]> {
  return get(settings, [instance, 'complete'], { text, limit }, signal);
}

/**
 * The scopes that the account may write to, or all that there are.
 */
export function listScopes(
  settings: Settings,
  instance: string,
  isAll = false
): Promise<string[]> {
  return get(settings, [instance, 'scopes'], isAll ? { all: 1 } : {});
}

/**
 * When DIDs were made, at most a hundred.
 */
export function listDates(
  settings: Settings,
  instance: string,
  dids: string[]
): Promise<{ [did: string]: string }> {
  return send(settings, 'POST', [instance, 'dates'], { dids });
}

/**
 * The metadata keys that a search can compare.
 */
export function listKeys(
  settings: Settings,
  instance: string
): Promise<string[]> {
  return get(settings, [instance, 'keys']);
}
