import { ServerConnection } from '@jupyterlab/services';

import type {
  Entry,
  Granted,
  InstanceInfo,
  Job,
  Problem,
  Rule,
  Status
} from '../schema';

/**
 * What a route answers: a value, a Response, or a function of the request.
 */
type Answer = (request: Request) => unknown;

/**
 * A server that is a function: routes by "METHOD path", each request is noted.
 */
export class Server {
  readonly requests: string[] = [];
  readonly bodies: unknown[] = [];

  constructor(public routes: { [route: string]: Answer } = {}) {}

  readonly settings = ServerConnection.makeSettings({
    baseUrl: 'http://jupyter.test/a%40b/',
    appUrl: 'http://jupyter.test/a%40b/lab',
    wsUrl: 'ws://jupyter.test/a%40b/',
    token: '',
    fetch: async (input: RequestInfo): Promise<Response> => {
      const request = input as Request;
      const url = new URL(request.url);
      const path = url.pathname.replace('/a%40b/dlaas/', '');
      const route = `${request.method} ${decodeURIComponent(path)}`;
      [...url.searchParams.keys()].forEach(key => {
        // JupyterLab adds a time to requests that must not come from a cache.
        if (/^\d+$/.test(key)) {
          url.searchParams.delete(key);
        }
      });
      this.requests.push(`${route}${url.search}`);
      if (['POST', 'PATCH'].includes(request.method)) {
        const text = await request.text();
        this.bodies.push(text ? JSON.parse(text) : null);
      }
      const answer = this.routes[route];
      if (!answer) {
        return new Response('<html>404</html>', { status: 404 });
      }
      const value = await answer(request);
      return value instanceof Response ? value : json(value);
    }
  });

  /**
   * How often a route was asked.
   */
  count(route: string): number {
    return this.requests.filter(each => each.startsWith(route)).length;
  }
}

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json' }
  });
}

export function refusal(
  status: number,
  problem: Partial<Problem> = {}
): Response {
  return json(
    {
      error: 'RucioFailed',
      message: 'It failed.',
      blame: 'rucio',
      remedy: 'Try again.',
      details: {},
      ...problem
    },
    status
  );
}

/**
 * A stream of JSON lines, cut at odd places so that chunks end within lines.
 */
export function stream(...lines: unknown[]): Response {
  const text = lines.map(line => `${JSON.stringify(line)}\n`).join('');
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new Response(
    new ReadableStream({
      pull: controller => {
        if (at >= bytes.length) {
          controller.close();
          return;
        }
        controller.enqueue(bytes.slice(at, at + 7));
        at += 7;
      }
    })
  );
}

export const END = { end: true, truncated: false };

export function entry(
  did: string,
  type: Entry['type'] = 'dataset',
  more: Partial<Entry> = {}
): Entry {
  return { did, type, bytes: null, files: null, adler32: null, ...more };
}

export function instance(more: Partial<InstanceInfo> = {}): InstanceInfo {
  return {
    name: 'lake',
    display_name: 'The lake',
    default: true,
    login: {
      state: 'logged_in',
      account: 'alice',
      method: 'userpass',
      expires_at: null,
      problem: null,
      pending: null,
      credential_expires_at: null,
      identity: null,
      renewable: true
    },
    methods: ['userpass'],
    destination_rse: 'MOUNT',
    upload_rse: 'NORTH',
    default_lifetime: 14 * 86400,
    wildcard_enabled: false,
    problem: null,
    issuers: [],
    webui_url: null,
    site: null,
    activities: [],
    embargoed_scopes: [],
    ...more
  };
}

export function instances(...all: InstanceInfo[]) {
  return {
    server: 'run-1',
    seq: 0,
    instances: all.length ? all : [instance()],
    handover: '/run/dlaas-1'
  };
}

export function status(more: Partial<Status> = {}): Status {
  return {
    did: 's:d',
    type: 'dataset',
    state: 'absent',
    access: 'none',
    reason: 'It is not here.',
    files: 4,
    available_files: 0,
    bytes: 4000,
    available_bytes: 0,
    rse: 'MOUNT',
    expires_at: null,
    path: null,
    rules: [],
    ...more
  };
}

export function rule(more: Partial<Rule> = {}): Rule {
  return {
    id: '0123456789abcdef',
    did: 's:d',
    account: 'alice',
    rse_expression: 'MOUNT',
    state: 'REPLICATING',
    copies: 1,
    locks_ok: 0,
    locks_replicating: 4,
    locks_stuck: 0,
    error: null,
    expires_at: '2030-01-01T00:00:00Z',
    created_at: null,
    updated_at: null,
    activity: null,
    comment: null,
    subscription: null,
    ...more
  };
}

export function granted(more: Partial<Granted> = {}): Granted {
  return { rule: rule(), new: true, note: '', ...more };
}

export function job(more: Partial<Job> = {}): Job {
  return {
    id: 'j1',
    kind: 'upload',
    instance: 'lake',
    did: 'user.alice:a',
    source: 'a',
    state: 'running',
    bytes: 100,
    done_bytes: 10,
    created_at: '2026-01-01T00:00:00Z',
    finished_at: null,
    result: null,
    problem: null,
    attempt: 1,
    folder: null,
    files: 1,
    done_files: 0,
    failed_files: 0,
    speed: null,
    origin: 'panel',
    ...more
  };
}

/**
 * Let everything happen that waits for nothing but its turn.
 */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 25; turn += 1) {
    await new Promise(resolve => setTimeout(resolve, 0));
  }
}
