import { expect } from '@playwright/test';
import type { APIRequestContext } from '@playwright/test';

/**
 * Save a notebook that has these cells and nothing of ours.
 */
export async function saveNotebook(
  request: APIRequestContext,
  url: string,
  cells: string[] = []
): Promise<void> {
  const answer = await request.put(url, {
    data: {
      type: 'notebook',
      format: 'json',
      content: {
        cells: cells.map((source, index) => ({
          cell_type: 'code',
          execution_count: null,
          id: `cell-${index}`,
          metadata: {},
          outputs: [],
          source
        })),
        metadata: {
          kernelspec: {
            display_name: 'Python 3',
            language: 'python',
            name: 'python3'
          },
          language_info: { name: 'python' }
        },
        nbformat: 4,
        nbformat_minor: 5
      }
    }
  });
  expect(answer.ok()).toBe(true);
}
