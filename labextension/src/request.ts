import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ProblemError, ownProblem } from './problems';
import type { Entry, Problem, Sought } from './schema';

/**
 * Rows as they arrive; it returns whether there were more than the limit.
 */
export type Rows<T = Entry> = AsyncGenerator<T[], boolean>;

export type Settings = ServerConnection.ISettings;
export type Query = { [key: string]: string | number };

/**
 * Ask; an aborted `signal` gives it up.
 */
export async function get<T>(
  settings: Settings,
  path: string[],
  query: Query = {},
  signal?: AbortSignal
): Promise<T> {
  const init: RequestInit = { method: 'GET', cache: 'no-store', signal };
  return body(await request(settings, path, query, init));
}

/**
 * Have something done.
 */
export async function send<T>(
  settings: Settings,
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string[],
  content?: object,
  signal?: AbortSignal,
  query: Query = {}
): Promise<T> {
  const text = content === undefined ? undefined : JSON.stringify(content);
  const init: RequestInit = { method, body: text, signal };
  return body(await request(settings, path, query, init));
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
    // A hub answers so for a server that is not up.
    case 424:
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

type Row = Entry | Sought;
type Line =
  Row | string | { end: true; truncated: boolean } | { problem: Problem };

/**
 * The bytes of about a thousand rows.
 */
const BITE = 1 << 17;

/**
 * Read a stream of JSON lines, a batch for each chunk that arrives.
 */
export async function* rows<T extends Row = Entry>(
  settings: Settings,
  path: string[],
  query: Query,
  signal: AbortSignal,
  content?: object
): Rows<T> {
  const init: RequestInit = {
    method: content ? 'POST' : 'GET',
    cache: 'no-store',
    body: JSON.stringify(content),
    signal
  };
  const response = await request(settings, path, query, init);
  for await (const lines of batches(response, signal)) {
    const last = lines[lines.length - 1];
    // A row may be a mere text, as a path is.
    const isText = typeof last === 'string';
    if (!isText && 'problem' in last) {
      yield lines.slice(0, -1) as T[];
      throw new ProblemError(last.problem);
    }
    if (!isText && 'end' in last) {
      yield lines.slice(0, -1) as T[];
      return last.truncated;
    }
    yield lines as T[];
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
      // In parts, for who takes them may want to draw in between.
      for (let at = 0; at < (value?.length ?? 1); at += BITE) {
        const bite = value?.subarray(at, at + BITE);
        rest += decoder.decode(bite, { stream: !done });
        const lines = rest.split('\n');
        rest = done ? '' : lines.pop()!;
        const parsed = lines
          .filter(line => line.trim() !== '')
          .map(line => JSON.parse(line) as Line);
        if (parsed.length) {
          yield parsed;
        }
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
