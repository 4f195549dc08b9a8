import { parse } from 'flatted';
import type {
	ExecutionStatus,
	IConnections,
	INode,
	INodeTypeDescription,
	IRunExecutionData,
} from 'n8n-workflow';
import { until } from './until';

/**
 * The time limit for suspended executions. n8n resumes executions only once a minute, and a loop
 * needs several resumptions.
 */
export const RESUME_TIMEOUT_S = 240;

export const OWNER = {
	email: 'owner@example.com',
	firstName: 'n8n',
	lastName: 'Owner',
	password: 'Octopus8arms',
};

export interface WorkflowDraft {
	name: string;
	nodes: INode[];
	connections: IConnections;
	settings?: Record<string, unknown>;
}

export interface SavedWorkflow extends WorkflowDraft {
	id: string;
	versionId: string;
}

export interface Execution {
	id: string;
	workflowId: string;
	status: ExecutionStatus;
	mode: string;
	retryOf?: string | null;
	retrySuccessId?: string | null;
	/** The "Highlighted data". */
	customData?: Record<string, string>;
}

/** A row of a data table: the value of each column. */
export type DataRow = Record<string, string | number | boolean | null>;

export type EndedExecution = Execution & { data: IRunExecutionData };

/** The REST API that n8n's editor uses. */
export class N8nApi {
	private cookie = '';

	constructor(readonly url: string) {}

	/** Creates the owner if there is none, and logs in. */
	async logIn(): Promise<void> {
		const { email: emailOrLdapLoginId, password } = OWNER;
		const { status } = await this.send('POST', '/rest/owner/setup', OWNER);
		if (status === 200) return;
		await this.request('POST', '/rest/login', {
			emailOrLdapLoginId,
			email: emailOrLdapLoginId,
			password,
		});
	}

	/** Returns the node types that n8n has loaded. */
	async nodeTypes(): Promise<INodeTypeDescription[]> {
		const response = await this.fetch('GET', '/types/nodes.json');
		return (await response.json()) as INodeTypeDescription[];
	}

	async createCredential(type: string, name: string, data: object): Promise<string> {
		const { id } = await this.request<{ id: string }>('POST', '/rest/credentials', {
			type,
			name,
			data,
		});
		return id;
	}

	async credentials(): Promise<Array<{ id: string; name: string }>> {
		return await this.request('GET', '/rest/credentials');
	}

	async updateCredential({
		id,
		...credential
	}: {
		id: string;
		type: string;
		name: string;
		data: object;
	}) {
		await this.request('PATCH', `/rest/credentials/${id}`, credential);
	}

	/** Tests a saved credential with the data that its form contains. */
	async testCredential(id: string, type: string, data: object) {
		return await this.request<{ status: string; message: string }>(
			'POST',
			'/rest/credentials/test',
			{ credentials: { id, type, name: 'Credential', data } },
		);
	}

	async workflows(): Promise<Array<{ id: string; name: string }>> {
		return await this.request('GET', '/rest/workflows');
	}

	async rename({ id }: { id: string }, name: string): Promise<void> {
		const { versionId } = await this.request<SavedWorkflow>('GET', `/rest/workflows/${id}`);
		await this.request('PATCH', `/rest/workflows/${id}`, { name, versionId });
	}

	/** Saves changed nodes, as *Save* in the editor does, without publishing them. */
	async saveNodes({ id }: { id: string }, nodes: INode[]): Promise<void> {
		const { versionId } = await this.request<SavedWorkflow>('GET', `/rest/workflows/${id}`);
		await this.request('PATCH', `/rest/workflows/${id}`, { nodes, versionId });
	}

	async createWorkflow(draft: WorkflowDraft): Promise<SavedWorkflow> {
		return await this.request('POST', '/rest/workflows', {
			active: false,
			settings: { executionOrder: 'v1' },
			...draft,
		});
	}

	/** Activates a workflow, which its webhooks and schedules need. */
	async activate({ id, versionId }: SavedWorkflow): Promise<void> {
		const { status } = await this.send('POST', `/rest/workflows/${id}/activate`, { versionId });
		// n8n 1.x has no such endpoint.
		if (status === 404)
			await this.request('PATCH', `/rest/workflows/${id}`, { active: true, versionId });
		await this.awaitPublication(id, 'published');
	}

	async createActive(draft: WorkflowDraft): Promise<SavedWorkflow> {
		const workflow = await this.createWorkflow(draft);
		await this.activate(workflow);
		return workflow;
	}

	/** Calls a webhook of an active workflow. n8n responds as soon as the execution has started. */
	async callWebhook(path: string, body: object = {}): Promise<void> {
		const { status, text } = await this.send('POST', `/webhook/${path}`, body);
		if (status !== 200) throw new Error(`The webhook answered ${status}: ${text}`);
	}

	async deactivate({ id, versionId }: SavedWorkflow): Promise<void> {
		const { status } = await this.send('POST', `/rest/workflows/${id}/deactivate`, {});
		if (status === 404)
			await this.request('PATCH', `/rest/workflows/${id}`, { active: false, versionId });
		await this.awaitPublication(id, 'not_published');
	}

	/**
	 * Waits for a workflow to be published or unpublished, which n8n 2.41 and later do only after
	 * they respond.
	 */
	private async awaitPublication(id: string, wanted: 'published' | 'not_published'): Promise<void> {
		await until(`workflow ${id} to be ${wanted}`, async () => {
			const { status, text } = await this.send('GET', `/rest/workflows/${id}/publication-status`);
			return (
				status === 404 || (JSON.parse(text) as { data: { status: string } }).data.status === wanted
			);
		});
	}

	async executionsOf({ id }: { id: string }): Promise<Execution[]> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId: id }));
		const { results } = await this.request<{ results: Execution[] }>(
			'GET',
			`/rest/executions?limit=100&filter=${filter}`,
		);
		return results;
	}

	/** Returns all executions of a workflow, once there are at least `count` and all have ended. */
	async endedOf(workflow: { id: string }, count = 1): Promise<EndedExecution[]> {
		const executions = await until(`${count} executions`, async () => {
			const found = await this.executionsOf(workflow);
			return found.length >= count && found;
		});
		return await Promise.all(executions.map(async (one) => await this.ended(one)));
	}

	/**
	 * Returns the only execution of a workflow, once it has ended.
	 *
	 * @throws if there are several
	 */
	async onlyEnded(workflow: { id: string }): Promise<EndedExecution> {
		const [execution, ...more] = await this.endedOf(workflow);
		if (!execution || more.length > 0)
			throw new Error(`Expected 1 execution, not ${1 + more.length}`);
		return execution;
	}

	/** Waits until an execution has ended, and returns it. */
	async ended({ id }: { id: string }, seconds?: number): Promise<EndedExecution> {
		return await until(
			`the end of execution ${id}`,
			async () => {
				const execution = await this.execution(id);
				return !['new', 'running', 'waiting'].includes(execution.status) && execution;
			},
			seconds,
		);
	}

	async execution(id: string): Promise<EndedExecution> {
		const execution = await this.request<Execution & { data: string }>(
			'GET',
			`/rest/executions/${id}`,
		);
		return { ...execution, data: parse(execution.data) as IRunExecutionData };
	}

	/**
	 * Retries an execution as *Retry* in the list of executions does, and returns the new one.
	 *
	 * @param loadWorkflow true for "Retry with currently saved workflow"
	 */
	async retry(id: string, loadWorkflow = false): Promise<Execution> {
		return await this.request('POST', `/rest/executions/${id}/retry`, { loadWorkflow });
	}

	async stop(id: string): Promise<void> {
		await this.request('POST', `/rest/executions/${id}/stop`);
	}

	async deleteExecution(id: string): Promise<void> {
		await this.send('POST', '/rest/executions/delete', { ids: [id] });
	}

	/** Returns the rows of a data table, oldest first. */
	async rowsOf(table: string): Promise<DataRow[]> {
		const path = `${await this.dataTable(table)}/rows?sortBy=id:asc`;
		return (await this.request<{ data: DataRow[] }>('GET', path)).data;
	}

	async addRows(table: string, rows: DataRow[]): Promise<void> {
		await this.request('POST', `${await this.dataTable(table)}/insert`, { data: rows });
	}

	async deleteRow(table: string, { id }: DataRow): Promise<void> {
		const filters = [{ columnName: 'id', condition: 'eq', value: id }];
		const filter = encodeURIComponent(JSON.stringify({ type: 'and', filters }));
		await this.request('DELETE', `${await this.dataTable(table)}/rows?filter=${filter}`);
	}

	/** Returns the path of a data table in this API. */
	private async dataTable(name: string): Promise<string> {
		const project = await this.request<{ id: string }>('GET', '/rest/projects/personal');
		const path = `/rest/projects/${project.id}/data-tables`;
		const filter = encodeURIComponent(JSON.stringify({ name }));
		const { data } = await this.request<{ data: Array<{ id: string }> }>(
			'GET',
			`${path}?filter=${filter}`,
		);
		if (!data[0]) throw new Error(`There is no data table "${name}"`);
		return `${path}/${data[0].id}`;
	}

	/** Downloads a file from n8n's storage by the ID in an item. */
	async binary(id: string): Promise<Buffer> {
		const response = await this.fetch(
			'GET',
			`/rest/binary-data?id=${encodeURIComponent(id)}&action=download`,
		);
		if (!response.ok) throw new Error(`HTTP ${response.status} for ${id}`);
		return Buffer.from(await response.arrayBuffer());
	}

	async request<T>(method: string, path: string, body?: object): Promise<T> {
		const { status, text } = await this.send(method, path, body);
		if (status !== 200)
			throw new Error(`${method} ${path} answered ${status}: ${text.slice(0, 500)}`);
		return (JSON.parse(text) as { data: T }).data;
	}

	private async send(method: string, path: string, body?: object) {
		const response = await this.fetch(method, path, body);
		return { status: response.status, text: await response.text() };
	}

	private async fetch(method: string, path: string, body?: object): Promise<Response> {
		const response = await fetch(this.url + path, {
			method,
			headers: { 'content-type': 'application/json', cookie: this.cookie },
			...(body && { body: JSON.stringify(body) }),
		});
		const [cookie] = response.headers.getSetCookie();
		if (cookie) this.cookie = cookie.split(';')[0] ?? '';
		return response;
	}
}
