//! Which media type answers a request (GraphQL over HTTP, section "Media
//! Types"; RFC 9110, section 12.5.1).

/// The media types that the service answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// `application/json`: the status is 200 even where the request failed.
    Json,
    /// `application/graphql-response+json`: the status says what happened.
    GraphqlResponse,
}

impl Answer {
    /// The value of the `content-type` header.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }

    /// The best of what an `accept` header takes; nothing where it takes
    /// neither. Without a header, or for `*/*`, it is plain JSON.
    pub(super) fn from_accept(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Some(Self::Json);
        };
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let answer = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("application/graphql-response+json") => Self::GraphqlResponse,
                Some("application/json" | "application/*" | "*/*") => Self::Json,
                _ => continue,
            };
            let parameters: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
            let charset = parameters.iter().find_map(|p| p.strip_prefix("charset="));
            if charset.is_some_and(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "utf8"))
            {
                continue;
            }
            let quality = parameters.iter().find_map(|p| p.strip_prefix("q="));
            let quality = quality.map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if quality > 0.0 && best.is_none_or(|(than, _)| quality > than) {
                best = Some((quality, answer));
            }
        }
        best.map(|(_, answer)| answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_type_that_is_taken_answers() {
        let answer = Answer::from_accept;
        assert_eq!(answer(None), Some(Answer::Json));
        assert_eq!(answer(Some("*/*")), Some(Answer::Json));
        assert_eq!(
            answer(Some(
                "application/json;q=0.5, application/graphql-response+json"
            )),
            Some(Answer::GraphqlResponse)
        );
        assert_eq!(
            answer(Some("application/json; charset=utf-8")),
            Some(Answer::Json)
        );
        assert_eq!(answer(Some("application/json; charset=latin1")), None);
        assert_eq!(answer(Some("text/html")), None);
        assert_eq!(answer(Some("application/json;q=0")), None);
    }
}
