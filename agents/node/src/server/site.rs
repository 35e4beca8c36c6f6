//! The ordinary web site: what everybody sees who has nothing better to say.

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{Method, Response, StatusCode, header, http::HeaderValue};

use super::{ResponseBody, Server};

impl Server {
    /// A page of the site.
    pub(super) fn site(&self, method: &Method, path: &str) -> Response<ResponseBody> {
        let reads = method == Method::GET || method == Method::HEAD;
        match (reads, path) {
            (true, "/" | "/index.html") => {
                self.html(StatusCode::OK, self.profile.page(), method == Method::HEAD)
            }
            (true, _) => self.not_found(),
            (false, _) => {
                let page = self.profile.error_page(StatusCode::METHOD_NOT_ALLOWED.as_u16());
                self.html(StatusCode::METHOD_NOT_ALLOWED, page, false)
            }
        }
    }

    /// The answer to whatever is unknown or does not open.
    pub(super) fn not_found(&self) -> Response<ResponseBody> {
        let page = self.profile.error_page(StatusCode::NOT_FOUND.as_u16());
        self.html(StatusCode::NOT_FOUND, page, false)
    }

    fn html(&self, status: StatusCode, page: String, only_head: bool) -> Response<ResponseBody> {
        let length = page.len();
        let body = if only_head { Bytes::new() } else { page.into() };
        let mut response = self.response(status, "text/html; charset=utf-8", whole(body));
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        response
    }

    /// A response with the headers that every response of this site has.
    pub(super) fn response(
        &self,
        status: StatusCode,
        content_type: &'static str,
        body: ResponseBody,
    ) -> Response<ResponseBody> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::SERVER, HeaderValue::from_static(self.profile.server));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        for &(name, value) in &self.profile.headers {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// A body that is here as a whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> ResponseBody {
    Either::Left(Full::new(bytes.into()))
}
