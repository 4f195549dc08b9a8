import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { isInTestMode } from './fields/options';
import { ItemParameters } from './fields/parameters';
import { CHECKED_EXECUTION } from './job';
import { searchModels } from './methods/searchModels';
import { operationOf, properties, subtitle } from './operations';
import { getBalance } from './operations/getBalance.operation';
import { taskIdOf } from './operations/getStatus.operation';
import { runJobs } from './run/run';
import { resumeJobs } from './run/suspension';

export class OctopusXVideo implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'OctopusX Video',
		name: 'octopusXVideo',
		icon: {
			light: 'file:../../icons/octopusx.svg',
			dark: 'file:../../icons/octopusx.dark.svg',
		},
		group: ['transform'],
		version: 1,
		subtitle,
		description: 'Generate and edit videos with the AI models of OctopusX',
		defaults: { name: 'OctopusX Video' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'octopusXApi', required: true }],
		properties,
	};

	methods = { listSearch: { searchModels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		if (this.getNodeParameter(CHECKED_EXECUTION, 0, '') !== '') return [await resumeJobs(this)];
		const plan = async (index: number) => {
			const item = new ItemParameters(this, index);
			return await operationOf(item).plan(item);
		};
		const describe = (index: number) => {
			const item = new ItemParameters(this, index);
			return { isTest: isInTestMode(item), uncheckedId: taskIdOf(item) };
		};
		const isOncePerRun = this.getNodeParameter('operation', 0) === getBalance.option.value;
		return [await runJobs(this, { plan, isOncePerRun, describe })];
	}
}
