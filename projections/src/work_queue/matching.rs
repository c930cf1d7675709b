//! Which of some items a filter lets through, now or then: what those need who
//! are told of each change of a list.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{LAYOUT, PAST, WorkItemFilter, WorkQueue, WorkQueueRow, selected};
use crate::ReadError;
use crate::validity::{Found, push_valid, push_versions};

impl WorkQueue {
    /// The rows of those among some items that the filter lets through, in the
    /// order of their ids.
    ///
    /// Whose an item is, is asked of the row: as of then, whose it was then.
    /// That is for telling what somebody saw before from what they see now, and
    /// not for showing what they may not see any more.
    pub async fn matching(
        &self,
        filter: &WorkItemFilter,
        items: &[Uuid],
    ) -> Result<Vec<WorkQueueRow>, ReadError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::new(format!("select {} from ", selected(self.as_of)));
        push_versions(&mut query, (&LAYOUT, &PAST), self.as_of);
        query.push(" where q.item_id = any (");
        query.push_bind(items.to_vec()).push(")");
        push_valid(&mut query, self.as_of, Found::ByKey);
        filter.push_as_it_was(&mut query, self.as_of)?;
        query.push(" order by q.item_id");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }
}
