import { consoleError, invalidUrl } from './answers';
import type { Route } from './faults';
import { MODELS } from './gatewayRules';
import { json } from './http';
import { billOf, spentOn } from './key';
import type { Handler, State } from './routes';

/** The shortest, default and longest lifetime of a presigned URL, in seconds. */
const MIN_EXPIRES_IN = 60;
const DEFAULT_EXPIRES_IN = 900;
const MAX_EXPIRES_IN = 3_600;

/** How many units of quota are a dollar. */
const UNITS_PER_DOLLAR = 500_000;

type AccountRoute = Extract<
	Route,
	'models' | 'usage' | 'bill' | 'status' | 'subscription' | 'spending' | 'presign' | 'upload'
>;

/** Creates the handlers of the routes that are not about tasks: models, usage, bill and uploads. */
export function accountHandlers(state: State): Record<AccountRoute, Handler> {
	return {
		models: () =>
			json(200, {
				success: true,
				object: 'list',
				data: MODELS.map((id) => ({
					id,
					object: 'model',
					created: 1626777600,
					owned_by: 'sora',
					supported_endpoint_types: ['openai-video'],
				})),
			}),

		usage: ({ headers }) => {
			const now = state.now();
			const seen = spentOn(state.tasks, now - state.key.usageLagMs) + state.key.spentByOthers;
			return state.key.refuse(headers.authorization, now) ?? state.key.usage(seen, now);
		},

		bill: ({ headers, method, path }) => {
			if (state.quirks.records === 'none') return invalidUrl(method, path);
			const now = state.now();
			const refusal = state.key.refuse(headers.authorization, now);
			return refusal ?? json(200, { success: true, message: '', data: billOf(state, now) });
		},

		status: () => {
			const data = {
				quota_per_unit: UNITS_PER_DOLLAR,
				quota_display_type: 'USD',
				usd_exchange_rate: 7.3,
				custom_currency_symbol: '¤',
				custom_currency_exchange_rate: 1,
				enable_batch_update: state.quirks.records === 'batched',
			};
			return json(200, { success: true, message: '', data });
		},

		subscription: () => {
			// as read, a placeholder for an unlimited key
			const limit = state.key.isUnlimited ? 100_000_000 : state.key.quota / UNITS_PER_DOLLAR;
			return json(200, {
				object: 'billing_subscription',
				has_payment_method: true,
				soft_limit_usd: limit,
				hard_limit_usd: limit,
				system_hard_limit_usd: limit,
				access_until: 0,
			});
		},

		// in hundredths
		spending: () => {
			const total_usage = (100 * state.spent) / UNITS_PER_DOLLAR;
			return json(200, { object: 'list', total_usage });
		},

		presign: ({ body }) => {
			const { file_name, content_type, expires_in } = Object(body) as Record<string, unknown>;
			if (!file_name || !content_type) {
				return consoleError(400, 'file_name and content_type are required');
			}
			const expiresIn = Number(expires_in ?? DEFAULT_EXPIRES_IN);
			if (!(expiresIn >= MIN_EXPIRES_IN && expiresIn <= MAX_EXPIRES_IN)) {
				const limits = `${MIN_EXPIRES_IN} and ${MAX_EXPIRES_IN}`;
				return consoleError(400, `expires_in must be between ${limits}`);
			}
			const key = `upload${state.requestsTo('presign').length}`;
			const data = {
				method: 'PUT',
				// storage that puts the name into its address as it is
				upload_url: `${state.fileHost}/uploads/${key}/${String(file_name)}?signature=sandbox`,
				object_key: key,
				public_url: `${state.fileHost}/uploads/${key}`,
				expires_in: expiresIn,
				content_type,
			};
			return json(200, { success: true, message: '', data });
		},

		upload: ({ body, headers }, [, key = '']) => {
			const type = headers['content-type'] ?? '';
			state.uploads.set(key, { bytes: body as Buffer, type });
			return { status: 200, body: Buffer.alloc(0) };
		},
	};
}
