import type { INode } from 'n8n-workflow';

/** Parameters, items and settings that many tests share. */

/** Without a download, which few tests are about. */
export const GENERATE = { operation: 'generate', prompt: 'a boat', downloadVideo: false };

/** Parameters that take the prompt from each item. */
export const GENERATE_EACH = { ...GENERATE, prompt: '={{ $json.prompt }}' };

/** Creates items for `GENERATE_EACH`, one per prompt. */
export const inputOf = (...prompts: string[]) => prompts.map((prompt) => ({ json: { prompt } }));

/** Creates `count` items for `GENERATE_EACH` with different prompts. */
export const numberedItems = (count: number) =>
	inputOf(...Array.from({ length: count }, (_, n) => `number ${n}`));

export const CONTINUE: Partial<INode> = { onError: 'continueRegularOutput' };
