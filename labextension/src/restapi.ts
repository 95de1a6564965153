import type { Query, Rows, Settings } from './request';
import { get, rows, send } from './request';
import type {
  BasketDownloadRequest,
  BasketImportRequest,
  BasketInfo,
  BasketOutcome,
  BasketReadRequest,
  BasketRemoveRequest,
  BasketUseRequest,
  CacheUse,
  CertificateFile,
  Cleaned,
  Copies,
  DownloadRequest,
  Entry,
  Explanation,
  Granted,
  InstanceInfo,
  Job,
  JobFile,
  JobNote,
  Login,
  LoginRequest,
  Metadata,
  MetadataRequest,
  OpenItem,
  QoS,
  PublishRequest,
  RSE,
  Rule,
  RuleChangeRequest,
  RuleMoveRequest,
  RulePreview,
  RuleRequest,
  Snippet,
  Status,
  UploadRequest,
  Usage
} from './schema';

/**
 * The instances, and which run of the server answered.
 */
export interface IInstances {
  server: string;
  /**
   * The number of the last hint that the server had pushed.
   */
  seq?: number;
  instances: InstanceInfo[];
  handover: string;
}

/**
 * The most rows that the server lists at once.
 */
export const MOST_ROWS = 100_000;

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

export type { Rows };

export function listInstances(
  settings: Settings,
  isQuiet = false
): Promise<IInstances> {
  return get(settings, ['instances'], quiet(isQuiet));
}

/**
 * Ask how the login is.
 */
export function getLogin(
  settings: Settings,
  instance: string,
  isQuiet = false
): Promise<Login> {
  return get(settings, [instance, 'login'], quiet(isQuiet));
}

/**
 * Log in; without a request as the server is configured to.
 *
 * By single sign-on and by code the answer is a login that is pending.
 */
export function login(
  settings: Settings,
  instance: string,
  request?: LoginRequest
): Promise<Login> {
  return send(settings, 'POST', [instance, 'login'], request);
}

/**
 * Log out; while a login is pending, give that one up.
 */
export function logout(settings: Settings, instance: string): Promise<Login> {
  return send(settings, 'DELETE', [instance, 'login']);
}

/**
 * Have a login renewed that the server can renew.
 */
export function renewLogin(
  settings: Settings,
  instance: string
): Promise<Login> {
  return send(settings, 'POST', [instance, 'login', 'renew']);
}

/**
 * The certificates and proxies that the server found in the home folder.
 */
export function listCertificates(
  settings: Settings,
  instance: string
): Promise<CertificateFile[]> {
  return get(settings, [instance, 'certificates']);
}

export function searchDIDs(
  settings: Settings,
  instance: string,
  search: ISearch,
  signal: AbortSignal
): Rows {
  return rows(settings, [instance, 'dids'], { ...search }, signal);
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

export function listRules(
  settings: Settings,
  instance: string,
  did: string,
  signal?: AbortSignal
): Promise<Rule[]> {
  return get(settings, [instance, 'rules'], { did }, signal);
}

export function addRule(
  settings: Settings,
  instance: string,
  request: RuleRequest
): Promise<Granted> {
  return send(settings, 'POST', [instance, 'rules'], request);
}

export function updateRule(
  settings: Settings,
  instance: string,
  id: string,
  change: Partial<RuleChangeRequest>
): Promise<Rule> {
  return send(settings, 'PATCH', [instance, 'rules', id], change);
}

/**
 * Why a rule is as it is.
 */
export function explainRule(
  settings: Settings,
  instance: string,
  id: string
): Promise<Explanation> {
  return get(settings, [instance, 'rules', id]);
}

/**
 * What a rule would mean, before it is made.
 */
export function checkRule(
  settings: Settings,
  instance: string,
  request: RuleRequest,
  signal?: AbortSignal
): Promise<RulePreview> {
  return send(settings, 'POST', [instance, 'rules', 'check'], request, signal);
}

/**
 * Have what a rule keeps put elsewhere.
 */
export function moveRule(
  settings: Settings,
  instance: string,
  id: string,
  request: RuleMoveRequest
): Promise<Granted> {
  return send(settings, 'POST', [instance, 'rules', id, 'move'], request);
}

export function deleteRule(
  settings: Settings,
  instance: string,
  id: string
): Promise<Rule> {
  return send(settings, 'DELETE', [instance, 'rules', id]);
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

export function listQoS(settings: Settings, instance: string): Promise<QoS[]> {
  return get(settings, [instance, 'qos']);
}

export function listRSEs(settings: Settings, instance: string): Promise<RSE[]> {
  return get(settings, [instance, 'rses']);
}

/**
 * What the account uses of each RSE, and may use.
 */
export function getUsage(
  settings: Settings,
  instance: string
): Promise<Usage[]> {
  return get(settings, [instance, 'usage']);
}

/**
 * The folders of the cache on this server's disk.
 */
export function listCaches(settings: Settings): Promise<CacheUse[]> {
  return get(settings, ['cache']);
}

/**
 * Delete files of the cache: those unused for so long, those of an instance, or all.
 */
export function cleanCache(
  settings: Settings,
  which: { older_than?: string; instance?: string }
): Promise<Cleaned> {
  return send(settings, 'DELETE', ['cache'], undefined, undefined, which);
}

export function upload(
  settings: Settings,
  instance: string,
  request: UploadRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'uploads'], request);
}

export function download(
  settings: Settings,
  instance: string,
  request: DownloadRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'downloads'], request);
}

/**
 * The cells that are ready for one variable, in a kernel's language.
 */
export function listSnippets(
  settings: Settings,
  instance: string,
  wanted: { did: string; name: string; language: string }
): Promise<Snippet[]> {
  return get(settings, [instance, 'snippets'], wanted);
}

export function publish(
  settings: Settings,
  instance: string,
  request: PublishRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'publications'], request);
}

export function listJobs(settings: Settings, isQuiet = false): Promise<Job[]> {
  return get(settings, ['jobs'], quiet(isQuiet));
}

export function getJob(
  settings: Settings,
  id: string,
  isQuiet = false
): Promise<Job> {
  return get(settings, ['jobs', id], quiet(isQuiet));
}

export function cancelJob(settings: Settings, id: string): Promise<Job> {
  return send(settings, 'DELETE', ['jobs', id]);
}

export function retryJob(settings: Settings, id: string): Promise<Job> {
  return send(settings, 'POST', ['jobs', id, 'retry']);
}

export function getJobLog(settings: Settings, id: string): Promise<JobNote[]> {
  return get(settings, ['jobs', id, 'log']);
}

export function getJobFiles(
  settings: Settings,
  id: string
): Promise<JobFile[]> {
  return get(settings, ['jobs', id, 'files']);
}

/**
 * Rows that are few, all together.
 */
export function getBasket(settings: Settings): Promise<BasketInfo> {
  return get(settings, ['basket']);
}

/**
 * Ask ESAP anew, with a token where one was typed.
 */
export function readBasket(
  settings: Settings,
  request: BasketReadRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'read'], request);
}

export function importBasket(
  settings: Settings,
  request: BasketImportRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'import'], request);
}

/**
 * Say which lake items of the basket are of.
 */
export function useInstance(
  settings: Settings,
  request: BasketUseRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'use'], request);
}

export function removeFromBasket(
  settings: Settings,
  request: BasketRemoveRequest
): Promise<BasketInfo> {
  return send(settings, 'POST', ['basket', 'remove'], request);
}

export function downloadBasket(
  settings: Settings,
  request: BasketDownloadRequest
): Promise<BasketOutcome[]> {
  return send(settings, 'POST', ['basket', 'download'], request);
}

/**
 * The open data of an instance that a text fits; all of it without one.
 */
export function listOpenData(
  settings: Settings,
  instance: string,
  text: string,
  signal: AbortSignal
): Promise<OpenItem[]> {
  return all(rows(settings, [instance, 'opendata'], { text }, signal));
}

export function getOpenItem(
  settings: Settings,
  instance: string,
  did: string
): Promise<OpenItem> {
  return get(settings, [instance, 'opendata', 'item'], { did });
}

export function downloadOpen(
  settings: Settings,
  instance: string,
  request: DownloadRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'opendata', 'downloads'], request);
}

async function all<T>(batches: AsyncGenerator<unknown[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) {
    found.push(...(batch as T[]));
  }
  return found;
}

/**
 * A quiet question does not count as a person's activity: an idle server is stopped by its hub, even if a forgotten
 * page goes on asking.
 */
function quiet(isQuiet: boolean): Query {
  return isQuiet ? { no_track_activity: 1 } : {};
}
