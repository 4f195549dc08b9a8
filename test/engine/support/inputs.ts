import type { INode } from 'n8n-workflow';

/** What many tests start from: parameters, items and settings. */

export const GENERATE = { operation: 'generate', prompt: 'a boat' };

/** Each item brings its own prompt. */
export const GENERATE_EACH = { ...GENERATE, prompt: '={{ $json.prompt }}' };

/** Items for `GENERATE_EACH`. */
export const inputOf = (...prompts: string[]) => prompts.map((prompt) => ({ json: { prompt } }));

/** `count` items for `GENERATE_EACH`, no two alike. */
export const numbered = (count: number) =>
	inputOf(...Array.from({ length: count }, (_, n) => `number ${n}`));

export const CONTINUE: Partial<INode> = { onError: 'continueRegularOutput' };
