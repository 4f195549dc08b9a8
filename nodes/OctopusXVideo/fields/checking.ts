import type { INodeProperties } from 'n8n-workflow';
import { CHECKED_EXECUTION } from '../job';

/** What only the node of a checking execution has: the mark of it, and words for whoever opens it. */
export const checkingFields: INodeProperties[] = [
	{
		displayName:
			'This node checks the videos of a suspended execution. Do not stop or delete this execution. To stop waiting, stop the suspended one.',
		name: 'checkingNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { [CHECKED_EXECUTION]: [{ _cnd: { exists: true } }] } },
	},
	{
		displayName: 'Checked Execution',
		name: CHECKED_EXECUTION,
		type: 'hidden',
		default: '',
	},
];
