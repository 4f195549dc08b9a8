import { addressesIn, addressesOf } from '../../nodes/OctopusXVideo/fields/mediaChecks';

const A = 'https://example.com/a.png?v=1,2';
const B = 'http://example.com/b,c;d.png';
const DATA = 'data:image/png;base64,aGFsbG8=';
const NESTED = 'https://example.com/resize?of=https://example.com/1.png,https://example.com/2.png';

test.each<[string, string[]]>([
	[A, [A]],
	[` ${B}\n`, [B]],
	[DATA, [DATA]],
	[NESTED, [NESTED]],
	[`${A},${B}`, [A, B]],
	[`${A}, ${B},\n${DATA}`, [A, B, DATA]],
	[`${A} , ${B}`, [A, B]],
	[`${DATA};${DATA}`, [DATA, DATA]],
	[`${NESTED} ${A}`, [NESTED, A]],
	[NESTED.replaceAll('https', 'http'), [NESTED.replaceAll('https', 'http')]],
	[`${A} ,${B}`, [A, B]],
	[`${A} ,;${B}`, [A, B]],
	[`,${A},${B}`, [A, B]],
	[`${A} x=${B}`, [`${A} x=${B}`]],
	[`https://example.com/data:1 ${B}`, ['https://example.com/data:1', B]],
	[`${A} data:image/png;base64`, [A, 'data:image/png;base64']],
	[`data:image/png note ${A}`, ['data:image/png\nnote', A]],
	[`${A} the first one`, [`${A} the first one`]],
	[`${A} the first, ${B}`, [`${A}\nthe\nfirst,`, B]],
	['data:image/png;base64,aGFs\nbG8=', ['data:image/png;base64,aGFs\nbG8=']],
	['a.png, b.png', ['a.png, b.png']],
	[`a.png, ${B}, ${A}`, ['a.png,', B, A]],
	[`"${A}", "${B}",`, [A, B]],
	[`${A},`, [A]],
	[`data:image/png;base64,${DATA}`, [DATA]],
	[`data:image/png;base64,${DATA}, ${A}`, [DATA, A]],
	['data:image/png;base64', ['data:image/png;base64']],
	['', ['']],
])('addressesIn() splits %j into the URLs %j', (text, expected) => {
	expect(addressesIn(text)).toEqual(expected);
});

test('addressesIn() parses 1.4 MB of separators in less than 2 s', () => {
	const start = performance.now();
	addressesIn(`"data:,`.repeat(100_000));
	addressesIn(`${A}${', '.repeat(200_000)}${','.repeat(400_000)}x${';'.repeat(400_000)}`);
	expect(performance.now() - start).toBeLessThan(2_000);
});

test.each<[string, string[]]>([
	[` ["${A}", "${B}"] `, [A, B]],
	[`[https://example.com/a[1].png, ${B}]`, ['https://example.com/a[1].png', B]],
	['https://example.com/a[1]', ['https://example.com/a[1]']],
])('addressesOf() reads %j as the URLs %j', (text, expected) => {
	expect(addressesOf(text)).toEqual(expected);
});

test('addressesOf() reads lists of URLs that are nested up to 20 levels deep', () => {
	const nested = (levels: number): unknown => (levels === 0 ? A : [nested(levels - 1)]);
	expect(addressesOf(nested(1))).toEqual([A]);
	expect(addressesOf(JSON.stringify(nested(21)))).toEqual([A]);
	expect(addressesOf(nested(22))).toEqual([[A]]);
});

test('addressesOf() reads JSON with 500,000 lists in each other', () => {
	const text = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
	expect(addressesOf(text)).toHaveLength(1);
});
