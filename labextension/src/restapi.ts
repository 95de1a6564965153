import type { Query, Rows, Settings } from './request';
import { get, rows, send } from './request';
import type {
  CertificateFile,
  DownloadRequest,
  Granted,
  InstanceInfo,
  Job,
  JobFile,
  JobNote,
  Login,
  LoginRequest,
  Metadata,
  RSE,
  Rule,
  RuleChangeRequest,
  RuleRequest,
  Status,
  UploadRequest
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

export function deleteRule(
  settings: Settings,
  instance: string,
  id: string
): Promise<Rule> {
  return send(settings, 'DELETE', [instance, 'rules', id]);
}

export function listScopes(
  settings: Settings,
  instance: string
): Promise<string[]> {
  return get(settings, [instance, 'scopes']);
}

export function listRSEs(settings: Settings, instance: string): Promise<RSE[]> {
  return get(settings, [instance, 'rses']);
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
 * A quiet question does not count as a person's activity: an idle server is stopped by its hub, even if a forgotten
 * page goes on asking.
 */
function quiet(isQuiet: boolean): Query {
  return isQuiet ? { no_track_activity: 1 } : {};
}
