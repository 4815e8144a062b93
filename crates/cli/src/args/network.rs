//! The network of commands that fetch from a hub: the flags of a run by the same names.

use super::RunArgs;
use clap::Args;
use std::path::PathBuf;

/// How servers are reached.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Trust only the certificates of this PEM file.
    ///
    /// 只信任该 PEM 文件中的证书
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ca_cert: Option<PathBuf>,
    /// PEM file with this client's certificate and its chain, and its key where --client-key
    /// names no other.
    ///
    /// 含本客户端证书及其链的 PEM 文件；未给 --client-key 时也含私钥
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) client_cert: Option<PathBuf>,
    /// PEM file with the key of --client-cert.
    ///
    /// 含 --client-cert 私钥的 PEM 文件
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) client_key: Option<PathBuf>,
    /// Proxy for every connection: http://, socks5:// or socks5h://, with user:password@ if it
    /// needs one [default: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, with NO_PROXY; loopback goes
    /// direct].
    ///
    /// 所有连接的代理：http://、socks5:// 或 socks5h://，需要时带 user:password@
    /// [默认：HTTP_PROXY、HTTPS_PROXY、ALL_PROXY 及 NO_PROXY；本机地址直连]
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub(crate) proxy: Option<String>,
    /// Use no proxy, whatever the environment says.
    ///
    /// 不用任何代理，无论环境变量如何
    #[arg(long, hide_short_help = true)]
    pub(crate) no_proxy: Option<bool>,
    /// Do not verify the server's certificate.
    ///
    /// 不验证服务器证书
    #[arg(long, hide_short_help = true)]
    pub(crate) insecure: Option<bool>,
}

impl RunArgs {
    /// Those of a run.
    pub(crate) fn network(&self) -> NetworkArgs {
        NetworkArgs {
            ca_cert: self.ca_cert.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy,
            insecure: self.insecure,
        }
    }
}
