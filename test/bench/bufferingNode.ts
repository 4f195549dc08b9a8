import type {
	IExecuteFunctions,
	IHttpRequestOptions,
	INodeExecutionData,
	INodeType,
} from 'n8n-workflow';
import { builtNodeClass } from '../engine/support/builtNode';

/** Creates a node with our fields that handles files as most nodes do: as buffers, and all items at once. */
export function bufferingNode(): INodeType {
	class BufferingNode extends builtNodeClass() {
		async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
			const { baseUrl } = await this.getCredentials('octopusXApi');
			const send = async (options: IHttpRequestOptions) =>
				(await this.helpers.httpRequestWithAuthentication.call(
					this,
					'octopusXApi',
					options,
				)) as unknown;
			const work = this.getInputData().map(async (_item, index) => {
				if (this.getNodeParameter('operation', index) === 'edit') {
					const buffer = await this.helpers.getBinaryDataBuffer(index, 'data');
					const video = `data:video/mp4;base64,${buffer.toString('base64')}`;
					const body = { model: 'omni-fast-v2v', prompt: 'x', video };
					await send({ method: 'POST', url: `${String(baseUrl)}/v1/videos`, body, json: true });
					return { json: {}, pairedItem: { item: index } };
				}
				const id = String(this.getNodeParameter('taskId', index));
				const url = `${String(baseUrl)}/v1/videos/${id}/content`;
				const file = (await send({ url, encoding: 'arraybuffer' })) as Buffer;
				const data = await this.helpers.prepareBinaryData(file, 'a.mp4', 'video/mp4');
				return { json: {}, binary: { data }, pairedItem: { item: index } };
			});
			return [await Promise.all(work)];
		}
	}
	return new BufferingNode();
}
