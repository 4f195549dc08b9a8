import net from 'node:net';
import { addressOf, listen } from '../../sandbox/http';

/** What the server says to a command; to any other, it says OK. */
const REPLIES: Record<string, string> = {
	EHLO: '250-mail\r\n250 AUTH PLAIN',
	AUTH: '235 Accepted',
	DATA: '354 Go on',
	QUIT: '221 Bye',
};

/** A mail server that accepts every message and keeps it. */
export class MailServer {
	/** The messages, with their headers, and with long lines joined again. */
	messages: string[] = [];

	private readonly server = net.createServer((socket) => {
		let received = '';
		let isMessage = false;
		socket.write('220 mail\r\n');
		socket.on('data', (chunk) => {
			received += chunk.toString();
			for (;;) {
				const end = isMessage ? '\r\n.\r\n' : '\r\n';
				const at = received.indexOf(end);
				if (at === -1) return;
				const part = received.slice(0, at);
				received = received.slice(at + end.length);
				const command = isMessage ? '' : (part.split(' ')[0] ?? '').toUpperCase();
				if (isMessage) this.messages.push(part.replace(/=\r\n/g, ''));
				isMessage = command === 'DATA';
				socket.write(`${REPLIES[command] ?? '250 OK'}\r\n`);
				if (command === 'QUIT') socket.end();
			}
		});
	});

	/** The data of an SMTP credential for this server. */
	get credential() {
		const { hostname: host, port } = new URL(addressOf(this.server));
		return {
			user: 'x',
			password: 'x',
			host,
			port: Number(port),
			secure: false,
			disableStartTls: true,
		};
	}

	async listen(): Promise<void> {
		await listen(this.server, 0);
	}

	async close(): Promise<void> {
		await new Promise((resolve) => this.server.close(resolve));
	}
}
