import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type NodeHint,
} from 'n8n-workflow';
import { isInTestMode } from './fields/options';
import { ItemParameters } from './fields/parameters';
import { readPrompt } from './fields/request';
import { CHECKED_EXECUTION } from './job';
import { searchModels } from './methods/searchModels';
import { operationOf, properties, subtitle } from './operations';
import { modesForBuilder } from './operations/generate.operation';
import { getBalance } from './operations/getBalance.operation';
import { taskIdOf } from './operations/getStatus.operation';
import { runJobs } from './run/run';
import { resumeJobs } from './run/suspension';

/** Says before a paid run what it costs, with Test Mode off (`===`) or on (`!==`). */
const costHint = (comparison: '===' | '!==', message: string): NodeHint => ({
	message,
	displayCondition: `={{ ["generate", "edit"].includes($parameter["operation"]) && ($parameter["options"].testMode ?? "off") ${comparison} "off" }}`,
	whenToDisplay: 'beforeExecution',
	location: 'outputPane',
});

export class OctopusXVideo implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'OctopusX Video',
		name: 'octopusXVideo',
		icon: { light: 'file:../../icons/octopusx.svg', dark: 'file:../../icons/octopusx.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle,
		description: 'Generate and edit videos with the AI models of OctopusX',
		defaults: { name: 'OctopusX Video' },
		usableAsTool: true,
		waitingNodeTooltip: 'The videos are being made. n8n checks about once a minute.',
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'octopusXApi', required: true }],
		builderHint: {
			searchHint:
				"Makes videos from a prompt, from images or from another video. The node waits for the video by itself: add no Wait node, no loop and no status check. Every run costs money per video, so set options.testMode to 'sample' while building. The finished video is in video_url, and with downloadVideo also a file in the binary field data.",
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-base.splitOut',
					relationHint: 'Turns a list of prompts into items: one video per item, side by side',
				},
				{
					nodeType: 'n8n-nodes-base.googleDrive',
					relationHint: 'Keeps the file of downloadVideo: video_url stops working after some hours',
				},
			],
			// n8n leaves a property with the name `mode` out of the types for its AI builder
			extraTypeDefContent: [
				{
					content: `mode: ${modesForBuilder}`,
					displayOptions: { show: { resource: ['video'], operation: ['generate'] } },
				},
			],
		},
		hints: [
			costHint(
				'===',
				'Every run makes real, paid videos, often also when you execute a later node. To try it without paying, add the option Test Mode.',
			),
			costHint('!==', 'Test Mode is on: a run in the editor makes no video and costs nothing.'),
		],
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
			const prompt = item.ifValid(() => readPrompt(item));
			return { isTest: isInTestMode(item), uncheckedId: taskIdOf(item), prompt };
		};
		const isOncePerRun = this.getNodeParameter('operation', 0) === getBalance.option.value;
		return [await runJobs(this, { plan, isOncePerRun, describe })];
	}
}
