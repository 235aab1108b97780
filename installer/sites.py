"""The site in front of Préau: TLS as the ANSSI recommends it, slow clients kept away, nothing spooled to a disk."""

from collections.abc import Sequence
from pathlib import Path

from appliance.core.config import Config

STATIC = Path("/usr/share/preau/appliance/web/static")
CERTIFICATE, KEY = Path("/etc/preau/tls/certificate.pem"), Path("/etc/preau/tls/key.pem")

# ANSSI, "Recommandations de sécurité relatives à TLS" (v1.2): TLS 1.2 with forward secrecy and authenticated ciphers
# only (R7, R9, R10), TLS 1.3 first (R3), curves of R11, no tickets that outlive their keys (R22).
_CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
_NGINX = """\
# Written by `preau setup`; what you change here is replaced when it is asked about the network again.
upstream preau {{
{servers}
    keepalive 32;
}}

limit_conn_zone $binary_remote_addr zone=preau_connections:1m;
limit_req_zone $binary_remote_addr zone=preau_sign_in:1m rate=60r/m;

server {{
    listen 80;
    listen [::]:80;
    server_name {host};
    return 301 https://$host$request_uri;
}}

server {{
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name {host};

    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers {ciphers};
    ssl_prefer_server_ciphers on;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
    ssl_session_cache shared:preau:2m;
    ssl_session_timeout 1h;
    ssl_session_tickets off;
    server_tokens off;
    access_log off;

    # A slow phone keeps its place for a while; hundreds from one address (operators share them among phones) do not.
    client_header_timeout 10s;
    client_body_timeout 20s;
    send_timeout 20s;
    keepalive_timeout 30s;
    reset_timedout_connection on;
    limit_conn preau_connections 250;
    client_max_body_size {request_mb}m;
    large_client_header_buffers 4 8k;

    # No clear byte of an upload or of a photo touches the disk.
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_max_temp_file_size 0;
    client_body_buffer_size 64k;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host "";
    proxy_set_header Forwarded "";
    proxy_connect_timeout 5s;
    proxy_read_timeout 90s;

    location / {{
        proxy_pass http://preau;
    }}
{wizard}
    location = /connexion {{
        limit_req zone=preau_sign_in burst=120 nodelay;
        proxy_pass http://preau;
    }}

    location /televersements {{
        client_max_body_size 5m;
        proxy_pass http://preau;
    }}

    # For this machine only.
    location = /metrics {{
        return 404;
    }}
}}
"""
# While the first set-up lasts it stays within reach under the name that it has just given to the site.
_WIZARD = """
    location /installation {{
        proxy_pass http://127.0.0.1:{port};
    }}
"""
_SETUP = """\
# Written by `preau setup --web` for as long as the first set-up lasts.
server {{
    listen 443 ssl http2 default_server;
    listen [::]:443 ssl http2 default_server;
    server_name _;

    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers {ciphers};
    ssl_prefer_server_ciphers on;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
    ssl_session_tickets off;
    server_tokens off;
    access_log off;
    client_header_timeout 10s;
    client_body_timeout 10s;
    client_max_body_size 64k;

    proxy_buffering off;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_read_timeout 90s;

    location / {{
        proxy_pass http://127.0.0.1:{port};
    }}
}}
"""
_APACHE = """\
# For those who must use Apache: a2enmod ssl proxy proxy_http headers http2 reqtimeout
<VirtualHost *:80>
    ServerName {host}
    Redirect permanent / https://{host}/
</VirtualHost>

<VirtualHost *:443>
    ServerName {host}
    Protocols h2 http/1.1
    SSLEngine on
    SSLCertificateFile {certificate}
    SSLCertificateKeyFile {key}
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    SSLCipherSuite {ciphers}
    SSLHonorCipherOrder on
    SSLSessionTickets off
    RequestReadTimeout header=10,MinRate=500 body=20,MinRate=500
    LimitRequestBody {request_bytes}
    # For this machine only, on the service's own port.
    <Location "/metrics">
        Require all denied
    </Location>
    ProxyPreserveHost on
    RequestHeader set X-Forwarded-Proto "https"
    RequestHeader set X-Forwarded-For "expr=%{{REMOTE_ADDR}}"
    RequestHeader unset X-Forwarded-Host
    RequestHeader unset Forwarded
    ProxyAddHeaders off
    ProxyPass / http://127.0.0.1:{port}/ keepalive=On
    ProxyPassReverse / http://127.0.0.1:{port}/
</VirtualHost>
"""


def write_nginx(config: Config, host: str, ports: Sequence[int] = (), *, wizard: int = 0) -> str:
    """The site of nginx; `ports` are those of all processes when there are several (preau@PORT), `wizard` that of a
    set-up under way."""
    servers = "\n".join(
        f"    server 127.0.0.1:{port} max_fails=3 fail_timeout=5s;" for port in ports or (config.server.port,)
    )
    return _NGINX.format(
        servers=servers, wizard=_WIZARD.format(port=wizard) if wizard else "", **_values(config, _bracket(host))
    )


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def write_setup(port: int, certificate: Path, key: Path) -> str:
    """The site of nginx in front of a first set-up: whatever name or address this machine is called by."""
    return _SETUP.format(port=port, certificate=certificate, key=key, ciphers=_CIPHERS)


def write_apache(config: Config, host: str) -> str:
    """The same for Apache 2.4."""
    return _APACHE.format(**_values(config, _bracket(host)))


def _values(config: Config, host: str) -> dict[str, object]:
    return {
        "host": host,
        "port": config.server.port,
        "certificate": CERTIFICATE,
        "key": KEY,
        "ciphers": _CIPHERS,
        "request_mb": config.limits.request_mb + 1,
        "request_bytes": (config.limits.request_mb + 1) * 1_000_000,
    }
