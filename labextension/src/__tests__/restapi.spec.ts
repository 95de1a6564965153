import { ProblemError } from '../problems';
import * as api from '../restapi';
import type { Entry } from '../schema';
import { END, Server, entry, refusal, stream } from './server';

const SEARCH = { pattern: 's:*', type: 'all', limit: 5 } as const;

async function read(
  rows: api.Rows
): Promise<{ found: Entry[]; more: boolean }> {
  const found: Entry[] = [];
  for (;;) {
    const { done, value } = await rows.next();
    if (done) {
      return { found, more: value };
    }
    found.push(...value);
  }
}

function problem(promise: Promise<unknown>): Promise<ProblemError> {
  return promise.then(
    () => {
      throw new Error('It should have been refused.');
    },
    error => error
  );
}

describe('restapi', () => {
  it('asks below the base URL and encodes what a name may hold', async () => {
    const server = new Server({ 'GET my lake/metadata': () => ({}) });
    await api.getMetadata(server.settings, 'my lake', 'CMS:/a/b:c&d');
    expect(server.requests).toEqual([
      'GET my lake/metadata?did=CMS%3A%2Fa%2Fb%3Ac%26d'
    ]);
  });

  it('reads rows that arrive in pieces', async () => {
    const rows = [entry('s:ä'), entry('s:b'), entry('s:c')];
    const server = new Server({
      'GET lake/dids': () => stream(...rows, { end: true, truncated: true })
    });
    const { signal } = new AbortController();
    const answer = await read(
      api.searchDIDs(server.settings, 'lake', SEARCH, signal)
    );
    expect(answer).toEqual({ found: rows, more: true });
  });

  it('hands over the rows before a problem, then the problem', async () => {
    const trouble = await refusal(502).json();
    const server = new Server({
      'GET lake/dids': () => stream(entry('s:a'), { problem: trouble })
    });
    const { signal } = new AbortController();
    const rows = api.searchDIDs(server.settings, 'lake', SEARCH, signal);
    const found: Entry[] = [];
    const error = await problem(
      (async () => {
        for await (const batch of rows) {
          found.push(...batch);
        }
      })()
    );
    expect(found).toEqual([entry('s:a')]);
    expect(error.problem.error).toBe('RucioFailed');
  });

  it('reads rows that are texts, as paths are, wherever the answer is cut', async () => {
    const paths = ['/data/s/a problem.root', '/data/s/the end.root', '/b'];
    const server = new Server({
      'GET lake/paths': () => stream(...paths, END)
    });
    expect(await api.listPaths(server.settings, 'lake', 's:d')).toEqual(paths);
  });

  it('notices a stream that ends too early', async () => {
    const server = new Server({
      'GET lake/dids': () => stream(entry('s:a'))
    });
    const { signal } = new AbortController();
    const error = await problem(
      read(api.searchDIDs(server.settings, 'lake', SEARCH, signal))
    );
    expect(error.problem.error).toBe('AnswerBroken');
  });

  it('cancels the stream when the reader stops', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      pull: controller => {
        controller.enqueue(
          new TextEncoder().encode(`${JSON.stringify(entry('s:a'))}\n`)
        );
      },
      cancel: () => {
        cancelled = true;
      }
    });
    const server = new Server({ 'GET lake/dids': () => new Response(body) });
    const { signal } = new AbortController();
    const rows = api.searchDIDs(server.settings, 'lake', SEARCH, signal);
    await rows.next();
    await rows.return(false);
    expect(cancelled).toBe(true);
  });

  it('passes the problem of a refusal on', async () => {
    const server = new Server({
      'GET lake/status': () => refusal(403, { error: 'AccessDenied' })
    });
    const error = await problem(api.getStatus(server.settings, 'lake', 's:d'));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.status).toBe(403);
    expect(error.problem.error).toBe('AccessDenied');
  });

  it.each([
    [404, 'ExtensionMissing'],
    [403, 'JupyterSessionOver'],
    [502, 'JupyterUnreachable'],
    [500, 'PanelFailed']
  ])('says what a bare %s means', async (code, name) => {
    const server = new Server({
      'GET jobs': () => new Response('<html>', { status: code })
    });
    const error = await problem(api.listJobs(server.settings));
    expect(error.problem.error).toBe(name);
  });

  it('says that Jupyter gives no answer', async () => {
    const server = new Server({
      'GET jobs': () => {
        throw new TypeError('Failed to fetch');
      }
    });
    const error = await problem(api.listJobs(server.settings));
    expect(error.problem.error).toBe('JupyterUnreachable');
    expect(error.problem.blame).toBe('network');
  });

  it('sends what is asked for', async () => {
    const server = new Server({
      'POST lake/rules': () => ({}),
      'DELETE jobs/j1': () => ({}),
      'DELETE lake/login': () => ({}),
      'GET lake/contents': () => stream(END)
    });
    const { settings } = server;
    await api.addRule(settings, 'lake', { did: 's:d', lifetime: 60 });
    await api.cancelJob(settings, 'j1');
    await api.logout(settings, 'lake');
    const { signal } = new AbortController();
    const contents = { did: 's:d', limit: 10, offset: 20 };
    await read(api.listContents(settings, 'lake', contents, signal));
    expect(server.bodies).toEqual([{ did: 's:d', lifetime: 60 }]);
    expect(server.requests).toEqual([
      'POST lake/rules',
      'DELETE jobs/j1',
      'DELETE lake/login',
      'GET lake/contents?did=s%3Ad&limit=10&offset=20'
    ]);
  });
});
