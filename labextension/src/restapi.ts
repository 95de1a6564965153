import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ProblemError, ownProblem } from './problems';
import type {
  Entry,
  Granted,
  InstanceInfo,
  Job,
  Login,
  LoginRequest,
  Metadata,
  Problem,
  RSE,
  Rule,
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

/**
 * Rows as they arrive; it returns whether there were more than the limit.
 */
export type Rows = AsyncGenerator<Entry[], boolean>;

type Settings = ServerConnection.ISettings;
type Query = { [key: string]: string | number };

export function listInstances(
  settings: Settings,
  isQuiet = false
): Promise<IInstances> {
  return get(settings, ['instances'], quiet(isQuiet));
}

/**
 * Log in; without a name and password as the server is configured to.
 */
export function login(
  settings: Settings,
  instance: string,
  request?: LoginRequest
): Promise<Login> {
  return send(settings, 'POST', [instance, 'login'], request);
}

export function logout(settings: Settings, instance: string): Promise<Login> {
  return send(settings, 'DELETE', [instance, 'login']);
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

/**
 * A quiet question does not count as a person's activity: an idle server is stopped by its hub, even if a forgotten
 * page goes on asking.
 */
function quiet(isQuiet: boolean): Query {
  return isQuiet ? { no_track_activity: 1 } : {};
}

async function get<T>(
  settings: Settings,
  path: string[],
  query: Query = {},
  signal?: AbortSignal
): Promise<T> {
  const init: RequestInit = { method: 'GET', cache: 'no-store', signal };
  return body(await request(settings, path, query, init));
}

async function send<T>(
  settings: Settings,
  method: 'POST' | 'DELETE',
  path: string[],
  content?: object
): Promise<T> {
  const text = content === undefined ? undefined : JSON.stringify(content);
  return body(await request(settings, path, {}, { method, body: text }));
}

async function body<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ProblemError(ownProblem('AnswerBroken', 'network'));
  }
}

async function request(
  settings: Settings,
  path: string[],
  query: Query,
  init: RequestInit
): Promise<Response> {
  const parts = path.map(part => encodeURIComponent(part));
  const search = new URLSearchParams(
    Object.entries(query).map(([key, value]) => [key, String(value)])
  ).toString();
  const url =
    URLExt.join(settings.baseUrl, 'dlaas', ...parts) +
    (search ? `?${search}` : '');
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    if (init.signal?.aborted) {
      throw error;
    }
    throw new ProblemError(ownProblem('JupyterUnreachable', 'network'));
  }
  if (!response.ok) {
    throw new ProblemError(await problemIn(response), response.status);
  }
  return response;
}

/**
 * What a refusal means; without a Problem in it, it is not our extension that answered.
 */
async function problemIn(response: Response): Promise<Problem> {
  try {
    const data: unknown = await response.json();
    if (isProblem(data)) {
      return { ...data, details: data.details ?? {} };
    }
  } catch {
    // Not JSON: a proxy or Jupyter itself.
  }
  switch (response.status) {
    case 404:
    case 405:
      return ownProblem('ExtensionMissing', 'us');
    case 401:
    case 403:
      return ownProblem('JupyterSessionOver', 'credential');
    case 502:
    case 503:
    case 504:
      return ownProblem('JupyterUnreachable', 'network');
    default:
      return ownProblem('PanelFailed', 'us', {
        text: `${response.status} ${response.statusText}`.trim()
      });
  }
}

function isProblem(data: unknown): data is Problem {
  const problem = data as Partial<Problem> | null;
  return (
    typeof problem?.error === 'string' &&
    typeof problem.message === 'string' &&
    typeof problem.blame === 'string'
  );
}

type Line = Entry | { end: true; truncated: boolean } | { problem: Problem };

/**
 * Read a stream of JSON lines, a batch for each chunk that arrives.
 */
async function* rows(
  settings: Settings,
  path: string[],
  query: Query,
  signal: AbortSignal
): Rows {
  const init: RequestInit = { method: 'GET', cache: 'no-store', signal };
  const response = await request(settings, path, query, init);
  for await (const lines of batches(response, signal)) {
    const last = lines[lines.length - 1];
    if ('problem' in last) {
      yield lines.slice(0, -1) as Entry[];
      throw new ProblemError(last.problem);
    }
    if ('end' in last) {
      yield lines.slice(0, -1) as Entry[];
      return last.truncated;
    }
    yield lines as Entry[];
  }
  throw new ProblemError(ownProblem('AnswerBroken', 'network'));
}

async function* batches(
  response: Response,
  signal: AbortSignal
): AsyncGenerator<Line[], void> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = done ? '' : lines.pop()!;
      const parsed = lines
        .filter(line => line.trim() !== '')
        .map(line => JSON.parse(line) as Line);
      if (parsed.length) {
        yield parsed;
      }
      if (done) {
        return;
      }
    }
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    throw new ProblemError(ownProblem('AnswerBroken', 'network'));
  } finally {
    // Whoever stops listening stops the server's work as well.
    reader.cancel().catch(() => undefined);
  }
}
