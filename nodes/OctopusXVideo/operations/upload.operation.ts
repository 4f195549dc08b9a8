import { MAX_CONCURRENCY, optionsField } from '../fields/options';
import { binaryInput } from '../fields/media';
import { checkFile, MEDIA } from '../fields/mediaChecks';
import { readLimits, timeoutOption } from '../fields/result';
import { isToolCall } from '../job';
import { numberField } from '../fields/parameters';
import type { Operation } from './operation';

const LABEL = 'Input Data Field Name';

export const upload: Operation = {
	option: {
		name: 'Upload',
		value: 'upload',
		action: 'Upload file',
		description: 'Upload an image or a video once, to use its address for many videos',
	},

	fields: [
		{ displayName: LABEL, name: 'binaryField', ...binaryInput(MEDIA) },
		optionsField([numberField(MAX_CONCURRENCY), timeoutOption]),
	],

	async plan(item) {
		if (isToolCall(item.context)) {
			throw item.invalid(
				'Upload cannot be used as a tool',
				'A model has no files. Upload the file in the workflow, before the AI Agent.',
			);
		}
		const file = await checkFile(item, LABEL, item.get('binaryField'), MEDIA);
		return { source: { upload: file }, ...readLimits(item) };
	},
};
