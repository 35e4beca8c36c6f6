//! The ordinary web site: what everybody sees who has nothing better to say.

use bytes::Bytes;
use conet_wire::veil::WebProfile;
use http_body_util::{Either, Full};
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{self, HeaderValue},
};

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

    /// The answer to a request that HTTP does not allow.
    pub(super) fn bad_request(&self) -> Response<ResponseBody> {
        let page = self.profile.error_page(StatusCode::BAD_REQUEST.as_u16());
        self.html(StatusCode::BAD_REQUEST, page, false)
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
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

/// The headers that every response of a site has, made once.
pub(super) fn headers(profile: &WebProfile) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(profile.headers.len() + 6);
    headers.insert(header::SERVER, HeaderValue::from_static(profile.server));
    // The place of the content type among the others, as ordinary servers have it.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(""));
    for &(name, value) in &profile.headers {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

/// A body that is here as a whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> ResponseBody {
    Either::Left(Full::new(bytes.into()))
}
