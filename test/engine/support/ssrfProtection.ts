// To be imported before anything of n8n's, which reads this once: the sandbox is allowed, the rest of
// what n8n blocks is not.
process.env.N8N_SSRF_PROTECTION_ENABLED = 'true';
process.env.N8N_SSRF_ALLOWED_IP_RANGES = '127.0.0.1/32';
process.env.N8N_SSRF_BLOCKED_HOSTNAMES = 'blocked.example';
