#include "COpenSSL.h"

#include <time.h>

SSL_CTX *openssl_context(const SSL_METHOD *method) {
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL) return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // Buffers of idle connections go back; writes take what they are given and may be repeated from elsewhere.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A resumed session saves one signature, nothing beside a token, and its ticket key would have to be rotated.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // Certificates of a client: a chain of four with RSA keys has some 8 KiB.
    SSL_CTX_set_max_cert_list(context, 32 << 10);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1 &&
        SSL_CTX_set_max_early_data(context, 0) == 1 &&
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

int openssl_add_to_chain(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

int openssl_require_clients(SSL_CTX *context, BIO *pem) {
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    STACK_OF(X509_INFO) *entries = PEM_X509_INFO_read_bio(pem, NULL, NULL, NULL);
    int count = 0, lists = 0, is_right = entries != NULL;
    for (int i = 0; is_right && i < sk_X509_INFO_num(entries); i++) {
        X509_INFO *entry = sk_X509_INFO_value(entries, i);
        if (entry->x509 != NULL) {
            is_right = X509_STORE_add_cert(store, entry->x509) == 1 && SSL_CTX_add_client_CA(context, entry->x509) == 1;
            count++;
        }
        if (entry->crl != NULL) {
            is_right = is_right && X509_STORE_add_crl(store, entry->crl) == 1;
            lists++;
        }
    }
    sk_X509_INFO_pop_free(entries, X509_INFO_free);
    if (lists > 0) is_right = is_right && X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(context, 4);
    return is_right ? count : 0;
}

int openssl_expect_server(SSL *session, const char *host) {
    SSL_set_verify(session, SSL_VERIFY_PEER, NULL);
    // RFC 6066 3: the server's name is never an address.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1) return 1;
    ERR_clear_error();
    return SSL_set_tlsext_host_name(session, host) == 1 && SSL_set1_host(session, host) == 1;
}

int openssl_subject(X509 *certificate, char *text, int capacity) {
    BIO *out = BIO_new(BIO_s_mem());
    if (out == NULL) return 0;
    X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    int length = BIO_gets(out, text, capacity);
    BIO_free(out);
    return length > 0 ? length : 0;
}

int openssl_peer_subject(const SSL *session, char *text, int capacity) {
    X509 *certificate = SSL_get1_peer_certificate(session);
    if (certificate == NULL) return 0;
    int length = openssl_subject(certificate, text, capacity);
    X509_free(certificate);
    return length;
}

int openssl_not_after(const X509 *certificate, long long *seconds) {
    struct tm date;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &date) != 1) return 0;
    *seconds = timegm(&date);
    return 1;
}
