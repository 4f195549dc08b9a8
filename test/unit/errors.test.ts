import {
	asOctopusXError,
	attempt,
	chargeSentence,
	OctopusXError,
	type Charge,
} from '../../nodes/OctopusXVideo/api/errors';

const fault = new OctopusXError('m', 'd');

test('an OctopusXError has a name, and no details by default', () => {
	expect(fault).toMatchObject({ name: 'OctopusXError', message: 'm', description: 'd' });
	expect(fault.details).toEqual({});
});

test('withCharge() keeps the message, description and details of an error', () => {
	const charged = new OctopusXError('m', 'd', { statusCode: 503, charge: 'none' });
	expect(charged.withCharge('maybe')).toMatchObject({
		message: 'm',
		description: 'd',
		details: { statusCode: 503, charge: 'maybe' },
	});
	expect(charged.withCharge('none', 'other').description).toBe('other');
	expect(charged.details.charge).toBe('none');
});

test('an error that is not an OctopusXError is reported as a defect that may have been charged', () => {
	expect(asOctopusXError(fault)).toBe(fault);
	const own = asOctopusXError(new Error('boom'));
	expect(own.message).toBe('Something unexpected happened in the node');
	expect(own.description).toBe('Please report it with these words: boom');
	expect(own.details).toEqual({ maybeAccepted: true });
});

test('attempt() returns the value of a promise, or the fault that it rejected with', async () => {
	expect(await attempt(Promise.resolve(1))).toEqual({ value: 1 });
	expect(await attempt(Promise.reject(fault))).toEqual({ fault });
});

test.each<[Charge, string]>([
	['none', 'Nothing was charged.'],
	[
		'maybe',
		'It may have been charged: check the usage log of the OctopusX account before you run it again.',
	],
	[
		{ taskId: 'video_1' },
		'Task video_1 was charged: fetch its video with Get Status, which is not charged.',
	],
	[
		{ taskId: 'video_1', refund: 'given' },
		'Task video_1 was charged, and the charge was refunded.',
	],
	[
		{ taskId: 'video_1', refund: 'unknown' },
		'Task video_1 was charged. The usage log of the OctopusX account shows whether the charge was refunded.',
	],
])('chargeSentence() describes the charge %j as "%s"', (charge, sentence) => {
	expect(chargeSentence(charge)).toBe(sentence);
});
