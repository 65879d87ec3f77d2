#ifndef COPENSSL_H
#define COPENSSL_H

/// The system's OpenSSL 3, and what of it Swift cannot call: macros, and stacks, which are made of macros.

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// A context with the policy of both sides: TLS 1.2 with AEAD suites and ephemeral keys, and 1.3; no renegotiation, no
/// compression, no sessions to resume, no early data. NULL when there is no memory.
SSL_CTX *openssl_context(const SSL_METHOD *method);

/// Adds a certificate behind the leaf. 1, or 0 on failure. The caller keeps its reference.
int openssl_add_to_chain(SSL_CTX *context, X509 *certificate);

/// Clients must show a certificate of one of these authorities. `pem` holds their certificates and, if clients may be
/// revoked, a revocation list of each; it is read only. Returns the number of authorities; 0 when there is none or the
/// text is not right.
int openssl_require_clients(SSL_CTX *context, BIO *pem);

/// Names the server that a client connection wants: SNI, and the name or address that the certificate must have.
/// 1, or 0 on failure.
int openssl_expect_server(SSL *session, const char *host);

/// Writes the subject of the peer's certificate as RFC 2253 text, control and non-ASCII characters escaped, with a
/// terminating NUL. Returns its length, 0 without a certificate.
int openssl_peer_subject(const SSL *session, char *text, int capacity);

/// The same of a certificate.
int openssl_subject(X509 *certificate, char *text, int capacity);

/// Seconds since 1970 of the end of a certificate's validity. 1, or 0 when it has none that fits.
int openssl_not_after(const X509 *certificate, long long *seconds);

#endif
